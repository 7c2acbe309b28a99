using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using Microsoft.ML.Tokenizers;

namespace Mhc.MLNet.Tokens;

/// <summary>Turns text into the token ids that the model was trained on. Thread-safe.</summary>
internal sealed partial class TextTokenizer
{
    private readonly BpeTokenizer _tokenizer;
    private readonly Lazy<byte[][]> _bytes;

    public TextTokenizer(TokenizerDefinition definition)
    {
        IsByteLevel = definition.Type != "char";
        // Byte-pair encoding; without merges every symbol stays by itself.
        _tokenizer = BpeTokenizer.Create(new BpeOptions(definition.Vocabulary.Select((symbol, id) => KeyValuePair.Create(symbol, id)))
        {
            Merges = definition.Merges,
            ByteLevel = IsByteLevel,
            PreTokenizer = new RegexPreTokenizer(definition.Type == "gpt2" ? Gpt2Words() : WholeText(), null),
        });
        VocabSize = definition.Vocabulary.Count;
        _bytes = new(() => [.. definition.Vocabulary.Select(token => IsByteLevel ? BytesOfSymbols(token) : Encoding.UTF8.GetBytes(token))]);
    }

    public int VocabSize { get; }

    /// <value>Whether tokens are made of bytes: then they cover the text without a gap. Otherwise they are single characters.</value>
    public bool IsByteLevel { get; }

    /// <summary>The ids of what the vocabulary has.</summary>
    public IReadOnlyList<int> Encode(string text) => _tokenizer.EncodeToIds(text);

    /// <summary>How many scalar values and lone surrogates of a text the vocabulary lacks, where the text has so many tokens.</summary>
    public int UnknownCount(string text, int tokenCount) => IsByteLevel ? 0 : text.EnumerateRunes().Count() - tokenCount;

    /// <summary>The UTF-8 that an id stands for; of a byte-level tokenizer it may be a part of a character.</summary>
    public ReadOnlySpan<byte> BytesOf(int id) => _bytes.Value[id];

    /// <summary>What an id stands for; its bytes where they are no whole characters.</summary>
    public string TextOf(int id)
    {
        if (id >= VocabSize)
            return ""; // A vocabulary may be rounded up.
        ReadOnlySpan<byte> bytes = BytesOf(id);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : $"bytes:{string.Concat(bytes.ToArray().Select(b => $"\\x{b:x2}"))}";
    }

    private static byte[] BytesOfSymbols(string token) => [.. token.Select(symbol => TokenizerDefinition.ByteValues[symbol])];

    [GeneratedRegex(@"[\s\S]+")]
    private static partial Regex WholeText();

    // What GPT-2 merges within: contractions, words, numbers and symbols with the space before them, white space.
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Gpt2Words();
}
