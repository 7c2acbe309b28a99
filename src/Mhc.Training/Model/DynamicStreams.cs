using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// Residual streams whose coefficients depend on the token. N = B·T tokens; R residual rows a token, F·S of them with the fracs
/// outermost; d = C/F values a row.
/// </summary>
internal abstract class DynamicStreams(MhcConfig config)
{
    /// <summary>Coefficients of one sublayer for every token, in float32.</summary>
    /// <param name="Mix">
    /// (N, F·(1 + S), R): for each frac first what the branch reads of every row, then what goes from every row to each stream.
    /// </param>
    /// <param name="Write">(N, R, F): how the branch's output joins the rows.</param>
    public readonly record struct Coefficients(Tensor Mix, Tensor Write);

    protected MhcConfig Config { get; } = config;

    protected int Fracs => Config.Residual == ResidualMode.Hc ? Config.Fracs : 1;

    /// <summary>The embedding in every stream: (B, T, C) to (N, R, d).</summary>
    public Tensor Start(Tensor e) =>
        e.reshape(-1, Fracs, 1, Config.NEmbd / Fracs).expand(-1, -1, Config.Streams, -1)
            .reshape(-1, Fracs * Config.Streams, Config.NEmbd / Fracs);

    /// <summary>
    /// What is the same for every token, for all sublayers at once and once per forward pass; the result gives the coefficients of a
    /// sublayer at its streams.
    /// </summary>
    public abstract Func<int, Tensor, Coefficients> Prepare();

    /// <summary>What the branch reads (N, C), and the rows mixed (N, R, d): one product makes both.</summary>
    public (Tensor BranchInput, Tensor Mixed) Mix(Coefficients h, Tensor streams)
    {
        (int f, int s, long d) = (Fracs, Config.Streams, streams.shape[2]);
        Tensor[] parts = h.Mix.bmm(streams).view(-1, f, 1 + s, d).split([1, s], 2);
        return (parts[0].reshape(-1, Config.NEmbd), parts[1].reshape(-1, f * s, d));
    }

    /// <summary>The rows after the branch's output (N, C) has joined them: (N, R, d).</summary>
    // TorchSharp's order of operands is its own: a.baddbmm(b, c) is a·b + c.
    public Tensor Write(Coefficients h, Tensor mixed, Tensor y) =>
        h.Write.baddbmm(y.view(-1, Fracs, Config.NEmbd / Fracs), mixed, 1, 1);

    /// <summary>Whole streams again: (N, R, d) to (S, N, C).</summary>
    public Tensor End(Tensor streams) =>
        streams.view(-1, Fracs, Config.Streams, Config.NEmbd / Fracs).permute(2, 0, 1, 3).reshape(Config.Streams, -1, Config.NEmbd);
}
