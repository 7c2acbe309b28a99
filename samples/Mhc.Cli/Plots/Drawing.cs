using Mhc.Onnx;
using Mhc.Training;

namespace Mhc.Cli;

/// <summary>One picture: its file name without ending, what it shows, and how it is drawn.</summary>
internal sealed record Drawing(string Name, string Caption, Func<Theme, Figure> Draw)
{
    /// <summary>Every picture that there is something for. What belongs to one of several runs has the run's name in front.</summary>
    public static IReadOnlyList<Drawing> Of(IReadOnlyList<Run> runs)
    {
        Run[] trained = [.. runs.Where(run => run.Metrics is { Train.Count: > 0 } or { Val.Count: > 1 })];
        return
        [
            .. trained.Length == 0 ? Array.Empty<Drawing>() :
            [
                new("loss", "Training loss (faint: as recorded, solid: smoothed) and validation loss (dashed, points). "
                    + "The scale is that of what comes after the first twentieth of the updates.",
                    theme => LossPlot.Draw(trained, theme)),
            ],
            .. runs.SelectMany(run => OfOne(run).Select(drawing => runs.Count == 1 ? drawing
                : drawing with { Name = $"{run.Name.Replace('/', '-')}-{drawing.Name}", Caption = $"{run.Name}. {drawing.Caption}" })),
        ];
    }

    /// <summary>Of constant matrices, of which there is at least one.</summary>
    /// <param name="at">When they were such: " after 600 updates", or nothing.</param>
    public static IEnumerable<Drawing> OfMatrices(IReadOnlyList<HMatrices> matrices, string at)
    {
        yield return new("h_res",
            $"H_res{at}, one matrix for each sublayer: how much of stream \"from\" (rows) goes to stream \"to\" (columns). "
            + "Sublayer 0 reads equal streams, so its matrix never learns.", theme => MatrixPlots.HRes(matrices, theme));
        yield return new("h_pre_h_post", $"The weights with which each sublayer reads the streams and writes to them{at}.",
            theme => MatrixPlots.ReadAndWrite(matrices, theme));
        yield return new("connections",
            $"The residual streams unfolded{at}: the weight of the embedding and of each sublayer's output in what each sublayer "
            + "reads, and in the mean of the final streams.", theme => ConnectionPlot.Draw(matrices, theme));
        StreamMatrixDiagnostics d = Run.DiagnosticsOf(matrices)!;
        yield return Composite(d.ForwardGain, d.BackwardGain, d.SigmaMin, at);
    }

    private static IEnumerable<Drawing> OfOne(Run run)
    {
        string at = run.Step is { } step ? FormattableString.Invariant($" after {step:n0} updates") : "";
        foreach (Drawing drawing in run.Matrices.Count > 0 ? OfMatrices(run.Matrices, at) : RecordedComposite(run, at))
            yield return drawing;
        if (run.Metrics is { } metrics && Lambda2Plot.Draw(metrics, Theme.Light) is not null)
        {
            yield return new("lambda2",
                "Modulus of the second largest eigenvalue of H_res over the run: 1 keeps the streams apart, 0 makes them one.",
                theme => Lambda2Plot.Draw(metrics, theme)!);
        }
        if (run.Evaluation is { } evaluation && evaluation.List("streams", "cosine") is { Length: > 0 })
        {
            yield return new("stream_cosine", "Signed cosine between the streams after each sublayer, on a validation batch.",
                theme => DepthPlots.StreamCosine(evaluation, theme)!);
            yield return new("stream_rms", "Root mean square of each stream after each sublayer, on a validation batch.",
                theme => DepthPlots.StreamRms(evaluation, theme)!);
            yield return new("effective_rank",
                "Effective rank of the streams after each sublayer (exp of the entropy of their normalised singular values), "
                + "on a validation batch.", theme => DepthPlots.EffectiveRank(evaluation, theme)!);
        }
    }

    // As recorded where the exporter does not know the design.
    private static IEnumerable<Drawing> RecordedComposite(Run run, string at)
    {
        double[]? Recorded(string name) => run.Evaluation?.List("matrices", name);
        return Recorded("forward_gain") is { } forward && Recorded("backward_gain") is { } backward && Recorded("sigma_min") is { } sigma
            ? [Composite(forward, backward, sigma, at)]
            : [];
    }

    private static Drawing Composite(
        IReadOnlyList<double> forward, IReadOnlyList<double> backward, IReadOnlyList<double> sigma, string at) =>
        new("composite_gain",
            $"The product of H_res from each sublayer to the last{at}: Amax gains as in arXiv:2512.24880, and the smallest singular value.",
            theme => DepthPlots.CompositeGain(forward, backward, sigma, theme));
}
