using System.Runtime.CompilerServices;
using System.Text;
using Mhc.MLNet.Generation;
using Mhc.MLNet.Scoring;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet;

/// <summary>
/// Continues texts with a model that <c>mhc export --outputs decoder</c> wrote. Each token is one step over the keys and values of those
/// before it, so time is linear in length. A model file is run by native code: open only files that you trust.
/// </summary>
/// <remarks>
/// Thread-safe: each call keeps keys and values of its own. The caller disposes it; a call of <see cref="Generate"/> that is under way
/// finishes first, an enumeration of <see cref="StreamAsync"/> ends with <see cref="ObjectDisposedException"/> at its next token.
/// </remarks>
public sealed class MhcGenerator : IDisposable
{
    private readonly SharedSession _session;
    private readonly TextModel _model;
    private readonly OrtMemoryInfo _cacheMemory;

    /// <summary>Opens an .onnx file made by <c>mhc export --outputs decoder</c>. Open only files that you trust.</summary>
    /// <param name="modelPath">Path of the file.</param>
    /// <param name="options">Where and how to run it; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a model that can generate text.</exception>
    /// <exception cref="InvalidOperationException">ONNX Runtime's native library or the required device is missing.</exception>
    public MhcGenerator(string modelPath, MhcSessionOptions? options = null)
    {
        options ??= new MhcSessionOptions();
        var model = OpenModel.Open(ModelSource.At(modelPath), options, ModelTask.Generation, owner: typeof(MhcGenerator));
        (_session, _model, Device, WhyNotCuda) = (model.Session, model.Text, model.Device, model.WhyNotCuda);
        _cacheMemory = Device == MhcDevice.Cpu ? OrtMemoryInfo.DefaultInstance : new OrtMemoryInfo(
            OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, options.DeviceId, OrtMemType.Default);
    }

    /// <value>What the model says about itself.</value>
    public MhcModelInfo Model => _model.Info;

    /// <value>Where the model runs: <see cref="MhcDevice.Cpu"/> or <see cref="MhcDevice.CudaRequired"/>.</value>
    public MhcDevice Device { get; }

    /// <value>Why the model runs on the CPU though <see cref="MhcDevice.CudaIfAvailable"/> was asked for; null otherwise.</value>
    public string? WhyNotCuda { get; }

    /// <summary>How many Unicode scalar values and lone surrogates of a prompt the model has no token for; they are left out.</summary>
    public int CountUnknown(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return _model.Tokenizer.UnknownCount(prompt, _model.Tokenizer.Encode(prompt).Count);
    }

    /// <summary>Continues one text.</summary>
    /// <inheritdoc cref="StreamAsync"/>
    /// <param name="prompt">The text to continue, not part of the result; empty starts as the model's prefix token does.</param>
    public MhcGeneratedText Generate(string prompt, MhcGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return GenerateBatch([prompt], options, cancellationToken)[0];
    }

    /// <summary>Continues texts together, as one batch.</summary>
    /// <inheritdoc cref="StreamAsync"/>
    /// <returns>What follows each prompt, in their order.</returns>
    public IReadOnlyList<MhcGeneratedText> GenerateBatch(
        IReadOnlyList<string> prompts, MhcGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        GeneratedRow[] rows = Rows(prompts, options);
        StringBuilder[] texts = [.. rows.Select(_ => new StringBuilder())];
        using SharedSession.Use use = _session.Enter();
        using GeneratedBatch batch = new(rows, new DecodingRun(use.Session, _cacheMemory));
        while (!batch.Ended)
            foreach (MhcGeneratedPiece piece in batch.Step(cancellationToken))
                texts[piece.Prompt].Append(piece.Text);
        return [.. rows.Zip(texts, (row, text) => new MhcGeneratedText { Text = text.ToString(), StopReason = row.StopReason!.Value })];
    }

    /// <summary>Continues texts together, as one batch, and gives what can be shown as it is drawn.</summary>
    /// <param name="prompts">
    /// The texts to continue, not part of the result, of at most the context length in tokens; an empty one starts as the model's prefix
    /// token does. Keys and values of all of them are in memory until the last has ended.
    /// </param>
    /// <param name="options">How to draw; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it, also within a step, with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>Pieces of the texts in the order in which they are drawn; each text ends with one that says why.</returns>
    /// <exception cref="ArgumentException">An option is out of range; a prompt is too long, or empty where there is no prefix.</exception>
    /// <exception cref="ArithmeticException">The model's logits are no numbers.</exception>
    public IAsyncEnumerable<MhcGeneratedPiece> StreamAsync(
        IReadOnlyList<string> prompts, MhcGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        Rows(prompts, options); // What is wrong with the arguments is said here, not at the first piece.
        return Iterate(prompts, options, cancellationToken);
    }

    /// <summary>Closes the model once the calls under way have finished. Later calls throw <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => _session.Dispose();

    private async IAsyncEnumerable<MhcGeneratedPiece> Iterate(
        IReadOnlyList<string> prompts, MhcGenerationOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        GeneratedBatch? batch = null;
        try
        {
            while (batch is not { Ended: true })
                foreach (MhcGeneratedPiece piece in await Task.Run(Step, cancellationToken))
                    yield return piece;
        }
        finally
        {
            batch?.Dispose();
        }

        // The session is held for a step, not from one piece to the next: an iterator may never be finished.
        IReadOnlyList<MhcGeneratedPiece> Step()
        {
            using SharedSession.Use use = _session.Enter();
            batch ??= new(Rows(prompts, options), new DecodingRun(use.Session, _cacheMemory));
            return batch.Step(cancellationToken);
        }
    }

    private GeneratedRow[] Rows(IReadOnlyList<string> prompts, MhcGenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        options.Validate();
        if (prompts.Count == 0)
            throw new ArgumentException("There are no prompts; expected at least one text.", nameof(prompts));
        return [.. prompts.Select((prompt, number) => new GeneratedRow(number, Encode(prompt, number), _model, options))];
    }

    private int[] Encode(string prompt, int number)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        IReadOnlyList<int> ids = _model.Tokenizer.Encode(prompt);
        if (ids.Count > Model.ContextLength)
            throw new ArgumentException($"Prompt {number} has {ids.Count} tokens; the model sees {Model.ContextLength}. Shorten it.");
        return ids.Count > 0 ? [.. ids] : [Model.PrefixTokenId
            ?? throw new ArgumentException("The tokenizer has no prefix token to start from: give a prompt that it knows.")];
    }
}
