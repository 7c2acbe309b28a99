using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>Continues texts with a trained model. Not thread-safe; dispose it to free the model.</summary>
public sealed class TextGenerator : IDisposable
{
    private readonly MhcModel _model;
    private readonly TextTokenizer _tokenizer;

    /// <summary>A generator that owns the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">The tokenizer that it was trained with.</param>
    /// <exception cref="InvalidDataException">The tokenizer has ids that the model lacks.</exception>
    public TextGenerator(MhcModel model, TextTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.VocabSize > model.Config.VocabSize)
        {
            throw new InvalidDataException($"The tokenizer has {tokenizer.VocabSize} ids, but `vocab_size` is {model.Config.VocabSize}. "
                + "Expected the tokenizer that the model was trained with.");
        }
        (_model, _tokenizer) = (model, tokenizer);
    }

    /// <summary>Opens a checkpoint folder. The files are data only: nothing in them is executed.</summary>
    /// <param name="checkpointFolder">See docs/checkpoint-format.md.</param>
    /// <param name="device">Where to run.</param>
    /// <exception cref="FileNotFoundException">There is no checkpoint, or it has no tokenizer.</exception>
    /// <exception cref="InvalidDataException">The files do not match each other; every difference is listed.</exception>
    public static TextGenerator Load(string checkpointFolder, Device? device = null)
    {
        MhcModel model = MhcModel.Load(checkpointFolder, device);
        try
        {
            string file = Checkpoint.TokenizerFile(checkpointFolder);
            if (!File.Exists(file))
            {
                throw new FileNotFoundException($"{file}: no such file, so there is no telling which text a token id is. An imported model "
                    + "comes without: put the tokenizer.json of its training data there, as docs/checkpoint-format.md has it.", file);
            }
            return new(model, TextTokenizer.Read(file));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Draws text that follows the prompt, piece by piece as it is enumerated; a piece is at least one whole character. A text longer than
    /// the block size goes on from its last tokens.
    /// </summary>
    /// <param name="prompt">
    /// What to continue, not part of the result; null or empty starts a text as the tokenizer's prefix token does.
    /// </param>
    /// <param name="options">How to draw; null takes the defaults.</param>
    /// <param name="sample">The number of the text among several with the same seed.</param>
    /// <param name="onWarning">Called with what the user should know about the prompt.</param>
    /// <exception cref="ArgumentException">An option is out of range, or there is neither a prompt nor a prefix token.</exception>
    /// <exception cref="ArithmeticException">The model's logits are no numbers.</exception>
    public IEnumerable<string> Generate(string? prompt, GenerationOptions? options = null, int sample = 0, Action<string>? onWarning = null)
    {
        options ??= new();
        options.Validate();
        int[] ids = Encode(prompt ?? "", onWarning);
        return TextPieces.Until(options.Stop, TextPieces.Decode(Tokens(ids, options, sample).Select(_tokenizer.BytesOf)));
    }

    /// <summary>Frees the model.</summary>
    public void Dispose() => _model.Dispose();

    private int[] Encode(string prompt, Action<string>? onWarning)
    {
        string[] unknown = [.. prompt.EnumerateRunes().Distinct().Select(rune => rune.ToString())
            .Where(rune => _tokenizer.Encode(rune).Count == 0)];
        if (unknown.Length > 0)
        {
            onWarning?.Invoke($"the prompt holds characters that the model's vocabulary lacks: {string.Join(" ", unknown.Take(10))}"
                + $"{(unknown.Length > 10 ? " …" : "")}. They are left out.");
        }
        IReadOnlyList<int> ids = _tokenizer.Encode(prompt);
        return ids.Count > 0 ? [.. ids] : [_tokenizer.PrefixTokenId
            ?? throw new ArgumentException("The tokenizer has no prefix token to start from: give a prompt that it knows.")];
    }

    private IEnumerable<int> Tokens(int[] prompt, GenerationOptions options, int sample)
    {
        List<int> context = [.. prompt];
        for (int position = 0; position < options.MaxTokens; position++)
        {
            context.RemoveRange(0, Math.Max(0, context.Count - _model.Config.BlockSize));
            int token = Sampling.Next(Logits(context), options, Sampling.Uniform(options.Seed, sample, position));
            if (token == _tokenizer.EosTokenId)
                yield break;
            yield return token;
            context.Add(token);
        }
    }

    // (V) of the token after the context; ids above the tokenizer's, which a padded vocabulary has, stand for no text.
    private float[] Logits(List<int> context)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        Tensor tokens = tensor(context.ToArray(), [1, context.Count], ScalarType.Int64, _model.Parameters.Values.device);
        return _model.forward(tokens)[0, -1].narrow(0, 0, _tokenizer.VocabSize).to(ScalarType.Float32).cpu().data<float>().ToArray();
    }
}
