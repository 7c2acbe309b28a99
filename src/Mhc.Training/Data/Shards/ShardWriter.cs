using System.Runtime.InteropServices;

namespace Mhc.Training;

/// <summary>Writes one shard token by token, under a temporary name until it is complete.</summary>
internal sealed class ShardWriter : IDisposable
{
    private readonly string _path, _temporary;
    private readonly FileStream _file;
    private int _length;

    public ShardWriter(string path)
    {
        // Not a random name: what a killed run left is written over by the run that goes on.
        (_path, _temporary) = (path, $"{path}.tmp");
        _file = new FileStream(_temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        _file.Write(new byte[ShardFile.HeaderBytes]);
    }

    public int Length => _length;

    public void Write(ReadOnlySpan<ushort> tokens)
    {
        _file.Write(MemoryMarshal.AsBytes(tokens));
        _length += tokens.Length;
    }

    /// <summary>Writes the header and renames the file to its place, safe on the disk.</summary>
    public void Finish()
    {
        _file.Position = 0;
        _file.Write(MemoryMarshal.AsBytes<int>([ShardFile.Magic, ShardFile.Version, _length]));
        _file.Flush(flushToDisk: true);
        _file.Dispose();
        File.Move(_temporary, _path, overwrite: true);
    }

    /// <summary>Removes what is not finished.</summary>
    public void Dispose()
    {
        _file.Dispose();
        File.Delete(_temporary);
    }
}
