using System.Text;

namespace Mhc.Training;

public sealed partial class TextTokenizer
{
    private byte[][]? _bytes;

    /// <summary>The UTF-8 that an id stands for; under a tokenizer of bytes it may be a part of a character.</summary>
    internal byte[] BytesOf(int id) => LazyInitializer.EnsureInitialized(ref _bytes, AllBytes)[id];

    private byte[][] AllBytes()
    {
        Dictionary<char, byte> values = Gpt2Files.ByteSymbols.Index().ToDictionary(
            symbol => symbol.Item[0], symbol => (byte)symbol.Index);
        byte[][] bytes = new byte[VocabSize][];
        foreach ((string piece, int id) in _tokenizer.Vocabulary)
            bytes[id] = Kind == TokenizerKind.Char ? Encoding.UTF8.GetBytes(piece) : [.. piece.Select(symbol => values[symbol])];
        return bytes;
    }
}
