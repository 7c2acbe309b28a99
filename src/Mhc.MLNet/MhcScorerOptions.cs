namespace Mhc.MLNet;

/// <summary>How texts are scored.</summary>
public record MhcScorerOptions : MhcSessionOptions
{
    /// <value>
    /// The most tokens, padding included, that go through the model at once. Default: 512, which leaves a CPU's caches room; a GPU wants
    /// some thousands. More takes more memory. A single window of the context length is run even where it is longer than this.
    /// </value>
    public int TokensPerBatch { get; init; } = 512;

    /// <value>
    /// How many batches go through the model side by side on the CPU, each on its share of <see cref="MhcSessionOptions.Threads"/>.
    /// Default: null, one a thread, which gives most scores a second. 1 puts all threads to one batch: a single long text is scored sooner.
    /// Each takes memory of its own while it runs. Ignored on a GPU, where it is one.
    /// </value>
    public int? RunsAtOnce { get; init; }

    /// <value>The token read before each text. Default: the model's own.</value>
    public MhcPrefix Prefix { get; init; } = MhcPrefix.OfModel;

    /// <value>What becomes of a text that is longer than the model's context. Default: <see cref="MhcLongTexts.Windows"/>.</value>
    public MhcLongTexts LongTexts { get; init; } = MhcLongTexts.Windows;

    /// <value>
    /// How many tokens each window after the first scores. These have at least the context length less this many before them. Fewer find
    /// more before them and cost more runs: windows × context length tokens go through the model. Default: null, half of the context length.
    /// </value>
    public int? Stride { get; init; }

    /// <value>
    /// Beyond what percentage of the model's validation texts a text is an anomaly: <see cref="MhcScore.IsAnomaly"/>. Default: 99.9, one in a
    /// thousand ordinary texts.
    /// </value>
    public double AnomalyPercentile { get; init; } = 99.9;

    internal override int? ThreadsPerRun => Math.Max(1, CpuThreads / RunsOn(MhcDevice.Cpu));

    private int CpuThreads => Threads ?? Environment.ProcessorCount;

    internal override int RunsOn(MhcDevice device) => device == MhcDevice.Cpu ? RunsAtOnce ?? CpuThreads : 1;

    internal override void Validate()
    {
        base.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(TokensPerBatch, 1);
        if (RunsAtOnce is int runs)
            ArgumentOutOfRangeException.ThrowIfLessThan(runs, 1, nameof(RunsAtOnce));
        if (!Enum.IsDefined(LongTexts))
            throw new ArgumentOutOfRangeException(
                nameof(LongTexts), LongTexts, "Expected Windows, TruncateLeft, TruncateRight or Refuse.");
        if (AnomalyPercentile is not (>= 0 and <= 100))
            throw new ArgumentOutOfRangeException(nameof(AnomalyPercentile), AnomalyPercentile, "Expected a percentage from 0 to 100.");
        if (Stride is int stride)
            ArgumentOutOfRangeException.ThrowIfLessThan(stride, 1, nameof(Stride));
    }
}
