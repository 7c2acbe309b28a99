using System.Buffers.Binary;
using System.Text;

namespace Mhc.Training;

/// <summary>The bytes of a pickle and where in them the reader stands. Every error says where.</summary>
/// <param name="name">What the pickle is called in messages.</param>
internal sealed class PickleBytes(byte[] bytes, string name)
{
    private const string Damaged = "The file is damaged: write it again or fetch it anew.";
    private const string Remedy = "Such a thing is in no checkpoint of the reference, and nothing in the file is run. If you trust the "
        + "file, load it in PyTorch with weights_only=True and save its `model` and `config` again.";
    private const int LongestLine = 256;
    private const int LongestText = 4096; // Names of tensors and settings are shorter; one text can be used again at two bytes each.

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private int _position;

    /// <summary>Where the instruction begins that is being carried out.</summary>
    public int Instruction { get; private set; }

    public PickleOpcode NextOpcode()
    {
        Instruction = _position;
        return (PickleOpcode)Byte();
    }

    public byte Byte() => Take(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Take(8)); // The one big-endian field of the format.

    /// <summary>A little-endian integer of as many bytes as the first byte says.</summary>
    public long Long1()
    {
        byte count = Byte();
        if (count > 8)
            throw Bad($"an integer of {count} bytes, expected at most 8");
        ReadOnlySpan<byte> digits = Take(count);
        long value = count > 0 && digits[^1] >= 0x80 ? -1 : 0; // The sign fills the bytes that are not there.
        for (int i = count - 1; i >= 0; i--)
            value = (value << 8) | digits[i];
        return value;
    }

    /// <summary>UTF-8 text behind four bytes of length.</summary>
    public string Text()
    {
        uint length = UInt32();
        return length <= LongestText ? Decode(Take(length))
            : throw Bad($"a text of {length} bytes, expected at most {LongestText}");
    }

    /// <summary>Text up to a newline.</summary>
    public string Line()
    {
        int end = bytes.AsSpan(_position).IndexOf((byte)'\n');
        if (end is < 0 or > LongestLine)
            throw Bad($"a name without an end within {LongestLine} bytes");
        string line = Decode(Take((uint)end));
        _position++;
        return line;
    }

    /// <summary>What follows no writer's habit: the file is damaged.</summary>
    public InvalidDataException Bad(string what) => new($"{name}, byte {Instruction}: {what}. {Damaged}");

    /// <summary>What a program may do and data need not.</summary>
    public InvalidDataException Refuse(string what) => new($"{name}, byte {Instruction}: {what} is refused. {Remedy}");

    private ReadOnlySpan<byte> Take(uint count)
    {
        if (count > bytes.Length - _position)
            throw Bad($"{count} bytes are due at byte {_position}, but the pickle ends after {bytes.Length}");
        _position += (int)count;
        return bytes.AsSpan(_position - (int)count, (int)count);
    }

    private string Decode(ReadOnlySpan<byte> text)
    {
        try
        {
            return Strict.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            throw Bad("text that is not UTF-8");
        }
    }
}
