using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Mhc.MLNet.Tokens;

/// <summary>Turns text into the token ids that the model was trained on. Thread-safe.</summary>
internal sealed partial class TextTokenizer
{
    private readonly BpeTokenizer _tokenizer;
    private readonly bool _byteLevel;

    public TextTokenizer(TokenizerDefinition definition)
    {
        _byteLevel = definition.Type == "byte";
        IEnumerable<string> vocabulary = _byteLevel ? ByteSymbols() : definition.Vocabulary;
        // Byte-pair encoding without merges: every symbol stays by itself.
        _tokenizer = BpeTokenizer.Create(new BpeOptions(vocabulary.Select((symbol, id) => KeyValuePair.Create(symbol, id)))
        {
            ByteLevel = _byteLevel,
            PreTokenizer = new RegexPreTokenizer(WholeText(), null),
        });
        VocabSize = _byteLevel ? 256 : definition.Vocabulary.Count;
    }

    public int VocabSize { get; }

    /// <summary>The ids of what the vocabulary has, and how many scalar values and lone surrogates it lacks.</summary>
    public (IReadOnlyList<int> Ids, int UnknownCount) Encode(string text)
    {
        IReadOnlyList<int> ids = _tokenizer.EncodeToIds(text);
        return (ids, _byteLevel ? 0 : text.EnumerateRunes().Count() - ids.Count);
    }

    /// <summary>GPT-2's printable stand-ins for the 256 byte values, in order: what the library's byte-level tokenizers look up.</summary>
    private static IEnumerable<string> ByteSymbols()
    {
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            yield return ((char)(printable ? value : next++)).ToString();
        }
    }

    [GeneratedRegex(@"[\s\S]+")]
    private static partial Regex WholeText();
}
