using Mhc.MLNet.Scoring;
using Microsoft.ML.OnnxRuntime;

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
    private readonly TextModel _text;
    private readonly TextBatches _batches;

    /// <summary>Opens an .onnx file made by <c>mhc export</c>. Open only files that you trust.</summary>
    /// <param name="modelPath">Path of the file.</param>
    /// <param name="options">How to run it; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a model that can score text.</exception>
    /// <exception cref="InvalidOperationException">ONNX Runtime's native library or the required device is missing.</exception>
    public MhcScorer(string modelPath, MhcScorerOptions? options = null)
        : this(OpenModel.Existing(modelPath), settings => new InferenceSession(modelPath, settings), options)
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
        : this(source, settings => new InferenceSession(NotNull(model), settings), options)
    {
    }

    private MhcScorer(string source, Func<SessionOptions, InferenceSession> open, MhcScorerOptions? options)
    {
        options ??= new MhcScorerOptions();
        var model = OpenModel.Open(open, options, ModelTask.Scoring, source, owner: typeof(MhcScorer));
        _session = model.Session;
        _text = model.Text;
        _batches = new TextBatches(_session, _text.Info.ContextLength, options.TokensPerBatch);
        (Model, Device, WhyNotCuda) = (model.Text.Info, model.Device, model.WhyNotCuda);
    }

    /// <value>What the model says about itself.</value>
    public MhcModelInfo Model { get; }

    /// <value>Where the model runs: <see cref="MhcDevice.Cpu"/> or <see cref="MhcDevice.Cuda"/>.</value>
    public MhcDevice Device { get; }

    /// <value>Why the model runs on the CPU though <see cref="MhcDevice.CudaIfAvailable"/> was asked for; null otherwise.</value>
    public string? WhyNotCuda { get; }

    /// <summary>Scores one text.</summary>
    public MhcScore Score(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Score([text])[0];
    }

    /// <summary>Scores texts in batches.</summary>
    /// <returns>The scores in the texts' order.</returns>
    public IReadOnlyList<MhcScore> Score(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return [.. _batches.Run(texts.Select(_text.Encode)).Select(text => text.ToScore())];
    }

    /// <summary>
    /// Scores texts in batches as the result is read. Reads ahead of the result: one batch's worth of tokens at first, so that the first
    /// scores come early, and up to 16 batches' worth later, so that texts of like length share a batch.
    /// </summary>
    /// <returns>The scores in the texts' order.</returns>
    public IEnumerable<MhcScore> ScoreLazily(IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return _batches.RunLazily(texts.Select(_text.Encode)).Select(text => text.ToScore());
    }

    /// <summary>Closes the model once the calls under way have finished. Later calls throw <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => _session.Dispose();

    private static byte[] NotNull(byte[] model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model;
    }
}
