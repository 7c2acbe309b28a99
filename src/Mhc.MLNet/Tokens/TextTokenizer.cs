using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Mhc.MLNet.Tokens;

/// <summary>Turns text into the token ids that the model was trained on. Thread-safe.</summary>
internal sealed partial class TextTokenizer
{
    private readonly BpeTokenizer _tokenizer;
    private readonly bool _byteLevel;
    private readonly Lazy<byte[][]> _bytes;

    public TextTokenizer(TokenizerDefinition definition)
    {
        _byteLevel = definition.Type != "char";
        // Byte-pair encoding; without merges every symbol stays by itself.
        _tokenizer = BpeTokenizer.Create(new BpeOptions(definition.Vocabulary.Select((symbol, id) => KeyValuePair.Create(symbol, id)))
        {
            Merges = definition.Merges,
            ByteLevel = _byteLevel,
            PreTokenizer = new RegexPreTokenizer(definition.Type == "gpt2" ? Gpt2Words() : WholeText(), null),
        });
        VocabSize = definition.Vocabulary.Count;
        _bytes = new(() => [.. definition.Vocabulary.Select(token => _byteLevel ? BytesOfSymbols(token) : Encoding.UTF8.GetBytes(token))]);
    }

    public int VocabSize { get; }

    /// <summary>The ids of what the vocabulary has, and how many scalar values and lone surrogates it lacks.</summary>
    public (IReadOnlyList<int> Ids, int UnknownCount) Encode(string text)
    {
        IReadOnlyList<int> ids = _tokenizer.EncodeToIds(text);
        return (ids, _byteLevel ? 0 : text.EnumerateRunes().Count() - ids.Count);
    }

    /// <summary>The UTF-8 that an id stands for; of a byte-level tokenizer it may be a part of a character.</summary>
    public ReadOnlySpan<byte> BytesOf(int id) => _bytes.Value[id];

    private static byte[] BytesOfSymbols(string token) => [.. token.Select(symbol => TokenizerDefinition.ByteValues[symbol])];

    [GeneratedRegex(@"[\s\S]+")]
    private static partial Regex WholeText();

    // What GPT-2 merges within: contractions, words, numbers and symbols with the space before them, white space.
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Gpt2Words();
}
