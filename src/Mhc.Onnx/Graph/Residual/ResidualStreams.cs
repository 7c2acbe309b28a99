namespace Mhc.Onnx;

/// <summary>
/// How the sublayers read the residual streams and write to them, in one design and one layout of the graph. What carries the streams
/// from one sublayer to the next is the layout's own business: the streams themselves, or the terms that they are sums of.
/// </summary>
internal abstract class ResidualStreams
{
    public static ResidualStreams Of(GraphBuilder g, Checkpoint checkpoint, HMatrices[] matrices, OnnxExportOptions options) =>
        checkpoint.Config.Residual switch
        {
            ResidualMode.Mhc => StaticStreams.Of(g, checkpoint.Config, matrices, options),
            ResidualMode.Hc => new HyperConnections(g, checkpoint),
            ResidualMode.MhcDynamic => new DynamicMhc(g, checkpoint),
            _ => new PlainResidual(g),
        };

    /// <summary>What <c>mhc.layout</c> calls it.</summary>
    public abstract string Layout { get; }

    /// <summary>The largest sum of weights that one sum of terms has lost to pruning, once the graph is built.</summary>
    public virtual double LargestPrunedWeight => 0;

    /// <summary>Before the first sublayer every stream is the embedding, (N, C).</summary>
    public virtual Value[] Start(Value e) => [e];

    /// <summary>
    /// One sublayer, in the scope of its block: what the branch reads, the branch, and what its output makes of the streams.
    /// </summary>
    /// <param name="branch">(N, C) → (N, C)</param>
    public abstract Value[] Sublayer(Value[] streams, int sublayer, Func<Value, Value> branch);

    /// <summary>The streams behind the last sublayer: (S, N, C), or (N, C) for a plain residual.</summary>
    public abstract Value End(Value[] streams);
}

/// <summary>x + branch(x).</summary>
internal sealed class PlainResidual(GraphBuilder g) : ResidualStreams
{
    public override string Layout => "plain";

    public override Value[] Sublayer(Value[] streams, int sublayer, Func<Value, Value> branch) =>
        [g.Add(streams[0], branch(streams[0]), sublayer % 2 == 0 ? "residual_attn" : "residual_mlp")];

    public override Value End(Value[] streams) => streams[0];
}
