using System.Security.Cryptography;
using System.Text;

namespace Mhc.MLNet.Scoring;

/// <summary>
/// The checksum that an .onnx ends with, docs/onnx-metadata.md: a damaged file would give wrong scores, and native code should not see it.
/// </summary>
internal static class FileChecksum
{
    private const string Key = "mhc.file_sha256";
    private const string Remedy =
        "It may be damaged: copy or export it again. A tool that changes a model on purpose has to set that key to \"none\".";

    // Field 14 of a ModelProto, an entry of metadata_props; its field 1, the key; its field 2, 64 hexadecimal digits in quotes.
    private static readonly byte[] Start = [0x72, 85, 0x0A, 15, .. Encoding.ASCII.GetBytes(Key), 0x12, 66, (byte)'"'];

    /// <returns>Whether there is one.</returns>
    /// <exception cref="InvalidDataException">It is another's.</exception>
    public static bool Check(Stream content, string source)
    {
        byte[] end = new byte[Start.Length + 2 * SHA256.HashSizeInBytes + 1];
        long length = content.Length - end.Length;
        if (length < 0)
            return false;
        content.Position = length;
        content.ReadExactly(end);
        if (!end.AsSpan().StartsWith(Start))
            return false;
        content.Position = 0;
        string found = Hash(content, length), expected = Encoding.UTF8.GetString(end, Start.Length, 2 * SHA256.HashSizeInBytes);
        return found == expected ? true : throw new InvalidDataException(
            $"{source} is not as `mhc export` wrote it: its metadata `{Key}` is {expected}, but the bytes before that entry hash to {found}. "
            + Remedy);
    }

    /// <summary>For a file that does not end with one.</summary>
    /// <exception cref="InvalidDataException">It should.</exception>
    public static void CheckNone(IReadOnlyDictionary<string, string> metadata, string source)
    {
        bool isOld = !metadata.ContainsKey("mhc.external_data"); // Files of 0.1 lack both.
        if (!isOld && metadata.GetValueOrDefault(Key) != "\"none\"")
            throw new InvalidDataException($"{source} is not as `mhc export` wrote it: it does not end with the metadata `{Key}`. {Remedy}");
    }

    private static string Hash(Stream content, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 16];
        for (int read; length > 0; length -= read)
        {
            read = content.ReadAtLeast(buffer.AsSpan(0, (int)Math.Min(length, buffer.Length)), 1);
            hash.AppendData(buffer, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
