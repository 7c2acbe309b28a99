using Mhc.MLNet.Scoring;

namespace Mhc.MLNet;

/// <summary>
/// Scores text with an exported model: how probable the model finds each token after those before it.
/// A model file is run by native code: open only files that you trust.
/// </summary>
/// <remarks>
/// Thread-safe. On the CPU a text's score is bit-identical whether it is scored alone or with others, in any order, on any thread;
/// with int8 and int4 weights it is so but for rounding.
/// The caller disposes it; calls that are under way finish first.
/// </remarks>
public sealed class MhcScorer : IDisposable
{
    private readonly SharedSession _session;
    private readonly TextBatches _batches;
    private readonly string _source;

    /// <summary>Opens an .onnx file made by <c>mhc export</c>. Open only files that you trust.</summary>
    /// <param name="modelPath">Path of the file.</param>
    /// <param name="options">How to run it; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a model that can score text.</exception>
    /// <exception cref="InvalidOperationException">ONNX Runtime's native library or the required device is missing.</exception>
    public MhcScorer(string modelPath, MhcScorerOptions? options = null)
        : this(ModelSource.At(modelPath), options)
    {
    }

    /// <summary>Opens a model from the content of an .onnx file made by <c>mhc export</c>. Open only models that you trust.</summary>
    /// <param name="model">Content of the file. Not used after the call.</param>
    /// <param name="options">How to run it; null for the defaults.</param>
    /// <exception cref="InvalidDataException">The content is not a model that can score text.</exception>
    /// <exception cref="InvalidOperationException">ONNX Runtime's native library or the required device is missing.</exception>
    public MhcScorer(byte[] model, MhcScorerOptions? options = null)
        : this(model, "The model", options)
    {
    }

    internal MhcScorer(byte[] model, string source, MhcScorerOptions? options)
        : this(ModelSource.Of(model, source), options)
    {
    }

    private MhcScorer(ModelSource source, MhcScorerOptions? options)
    {
        options ??= new MhcScorerOptions();
        var model = OpenModel.Open(source, options, ModelTask.Scoring, owner: typeof(MhcScorer));
        _session = model.Session;
        _source = source.Name;
        (Model, Channels, Device, WhyNotCuda) = (model.Text.Info, model.Text.Channels, model.Device, model.WhyNotCuda);
        try
        {
            _batches = new TextBatches(model.Text, options, _session);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    /// <value>What the model says about itself.</value>
    public MhcModelInfo Model { get; }

    /// <value>C: how many values a hidden state has.</value>
    internal int Channels { get; }

    /// <value>Where the model runs: <see cref="MhcDevice.Cpu"/> or <see cref="MhcDevice.CudaRequired"/>.</value>
    public MhcDevice Device { get; }

    /// <value>Why the model runs on the CPU though <see cref="MhcDevice.CudaIfAvailable"/> was asked for; null otherwise.</value>
    public string? WhyNotCuda { get; }

    /// <summary>Scores one text.</summary>
    public MhcScore Score(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Score(text, MhcDetails.None);
    }

    /// <summary>Scores one text, and tells more of it.</summary>
    /// <param name="text">A string, or an <see cref="MhcText"/> with the context that it is scored in.</param>
    /// <param name="details">What to tell beside the score.</param>
    /// <exception cref="ArgumentException">The text is too long, and the options refuse that.</exception>
    /// <exception cref="InvalidOperationException">The model was exported without a detail that is asked for.</exception>
    public MhcScore Score(MhcText text, MhcDetails details) => Score([text], details)[0];

    /// <summary>Scores texts in batches.</summary>
    /// <returns>The scores in the texts' order.</returns>
    public IReadOnlyList<MhcScore> Score(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return ScoreAll(texts.Select(text => new MhcText(text)), MhcDetails.None);
    }

    /// <summary>Scores texts in batches, each in its context, and tells more of them.</summary>
    /// <param name="texts">Strings, or texts with the context that they are scored in.</param>
    /// <param name="details">What to tell beside the scores.</param>
    /// <param name="progress">Told how many texts have been scored so far, each time that is one more.</param>
    /// <param name="cancellationToken">Is looked at before each batch.</param>
    /// <returns>The scores in the texts' order.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <inheritdoc cref="Score(MhcText, MhcDetails)" path="/exception"/>
    public IReadOnlyList<MhcScore> Score(IReadOnlyList<MhcText> texts, MhcDetails details, IProgress<int>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return ScoreAll(texts, details, progress, cancellationToken);
    }

    /// <summary>
    /// Scores texts in batches as the result is read. Reads ahead of the result, on the thread that reads it: a few batches' worth of tokens
    /// at first, so that the first scores come early, and up to 128 batches' worth later, so that texts of like length share a batch and the
    /// model runs while texts are read and scores are used.
    /// </summary>
    /// <returns>The scores in the texts' order.</returns>
    public IEnumerable<MhcScore> ScoreLazily(IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return ScoreLazily(texts.Select(text => new MhcText(text)), MhcDetails.None);
    }

    /// <summary>As <see cref="ScoreLazily(IEnumerable{string})"/>, each text in its context, and tells more of them.</summary>
    /// <param name="texts">Strings, or texts with the context that they are scored in.</param>
    /// <param name="details">What to tell beside the scores.</param>
    /// <param name="cancellationToken">Is looked at before each batch.</param>
    /// <returns>The scores in the texts' order.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <inheritdoc cref="Score(MhcText, MhcDetails)" path="/exception"/>
    public IEnumerable<MhcScore> ScoreLazily(
        IEnumerable<MhcText> texts, MhcDetails details, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        string[] outputs = ScoringOutputs.Of(details, Model.AvailableDetails, _source);
        return _batches.Score(texts, details, outputs, _session.Enter, cancellationToken);
    }

    /// <summary>Closes the model once the calls under way have finished. Later calls throw <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => _session.Dispose();

    /// <exception cref="InvalidOperationException">The model was exported without one of these.</exception>
    internal void CheckAvailable(MhcDetails details) => ScoringOutputs.Of(details, Model.AvailableDetails, _source);

    private List<MhcScore> ScoreAll(
        IEnumerable<MhcText> texts, MhcDetails details, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        string[] outputs = ScoringOutputs.Of(details, Model.AvailableDetails, _source);
        using SharedSession.Use use = _session.Enter();
        var scores = new List<MhcScore>();
        foreach (MhcScore score in _batches.Score(texts, details, outputs, use.Again, cancellationToken))
        {
            scores.Add(score);
            progress?.Report(scores.Count);
        }
        return scores;
    }
}
