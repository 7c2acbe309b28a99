using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.Json.Nodes;
using CsCheck;
using Mhc.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training.Tests;

/// <summary>Files that are no checkpoint of PyTorch, or no longer one.</summary>
public class DamagedTorchCheckpoint
{
    private const string Damage = "The file is damaged or no checkpoint of PyTorch: write it again or fetch it anew.";

    // One block, four channels, five tokens.
    private static readonly MhcConfig Tiny = new() { VocabSize = 5, BlockSize = 3, NLayer = 1, NHead = 2, NEmbd = 4, Streams = 2 };

    [Fact]
    public void InTheFormatBeforeVersion16SaysHowToConvertIt() => AssertRefused(
        file => File.WriteAllBytes(file, [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, (byte)'.']),
        file => $"{file}: a file in the format of PyTorch before 1.6. Expected the zip that torch.save writes since: "
            + "load it in PyTorch 1.13 or later with weights_only=True and save it again.");

    [Fact]
    public void ThatIsNoZipIsNamed()
    {
        AssertRefused(file => File.WriteAllText(file, "weights"), file => $"{file}: is not the zip that torch.save writes. {Damage}");
        AssertRefused(file => File.WriteAllBytes(file, []), file => $"{file}: is not the zip that torch.save writes. {Damage}");
    }

    [Fact]
    public void WhoseEndIsMissingIsNamed() => AssertRefused(file =>
    {
        WriteTiny(file);
        using FileStream stream = File.OpenWrite(file);
        stream.SetLength(stream.Length / 2);
    }, file => $"{file}: cannot be read (End of Central Directory record could not be found). {Damage}");

    [Fact]
    public void WithoutAPickleIsNamed() => AssertRefused(file =>
    {
        using ZipArchive zip = ZipFile.Open(file, ZipArchiveMode.Create);
        zip.CreateEntry("word/document.xml");
    }, file => $"{file}: holds 0 entries NAME/data.pkl, expected one. {Damage}");

    [Fact]
    public void WithoutOneOfItsStoragesIsNamed() => AssertRefused(
        file => WriteTiny(file, change: storages => storages.Remove("3")), file => $"{file}: has no entry `data/3`. {Damage}");

    [Fact]
    public void WithAShorterStorageThanItsPickleSaysIsNamed() => AssertRefused(
        file => WriteTiny(file, change: storages => storages["3"] = storages["3"][4..]),
        file => $"{file}: has 252 bytes in `data/3`, where its pickle says 256. {Damage}");

    [Fact]
    public void OfABigEndianMachineIsRefused() => AssertRefused(file => WriteTiny(file, byteOrder: "big"),
        file => $"{file}: holds numbers in another byte order than little-endian. {Damage}");

    [Fact]
    public void ThatClaimsMoreThanTheFileHoldsIsRefused() => AssertRefused(file =>
    {
        WriteTiny(file);
        byte[] bytes = File.ReadAllBytes(file);
        // The sizes in the zip's directory: 20 bytes after its signature, before the name.
        int name = bytes.AsSpan().LastIndexOf("ckpt/data/3"u8);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(name - 26), int.MaxValue);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(name - 22), int.MaxValue);
        File.WriteAllBytes(file, bytes);
    }, file => $"{file}: says that `data/3` has 2147483647 bytes in 2147483647, "
        + $"of {new FileInfo(file).Length} in the whole file. {Damage}");

    /// <summary>torch.save never compresses: a compressed entry can be as large as it wants to be.</summary>
    [Fact]
    public void ThatIsCompressedIsRefused()
    {
        long compressed = 0;
        AssertRefused(file =>
        {
            using (ZipArchive zip = ZipFile.Open(file, ZipArchiveMode.Create))
            {
                using Stream entry = zip.CreateEntry("ckpt/data.pkl", CompressionLevel.SmallestSize).Open();
                entry.Write(new byte[1 << 20]);
            }
            using ZipArchive written = ZipFile.OpenRead(file);
            compressed = written.Entries[0].CompressedLength;
        }, file => $"{file}: says that `data.pkl` has 1048576 bytes in {compressed}, "
            + $"of {new FileInfo(file).Length} in the whole file. {Damage}");
    }

    /// <summary>PyTorch's own writer aligns each storage to 64 bytes.</summary>
    [Fact]
    public void IsNotWhatAZipOfPyTorchsOwnWriterIs()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using (DisposeScope scope = NewDisposeScope())
            tensor([1f, 2f, 3f]).save(folder["t.pt"]);

        using TorchArchive archive = TorchArchive.Open(folder["t.pt"]);

        Assert.Equal([.. BitConverter.GetBytes(2f), .. BitConverter.GetBytes(3f)], archive.Storage("0", 12, 4, 8));
    }

    /// <summary>A file that PyTorch itself wrote, of the kind that holds a program on purpose.</summary>
    [Fact]
    public void ThatIsATorchScriptProgramIsRefused() => AssertRefused(file =>
    {
        using DisposeScope scope = NewDisposeScope();
        ones(3).save(file);
    }, file => $"{file}: data.pkl, byte 2: the global `__torch__.Module` is refused. Such a thing is in no checkpoint of the reference, "
        + "and nothing in the file is run. If you trust the file, load it in PyTorch with weights_only=True "
        + "and save its `model` and `config` again.");

    /// <summary>Whatever happens to the bytes, the file is imported or refused, soon and within little memory.</summary>
    [Fact]
    public void IsImportedOrRefusedWhateverHappensToItsBytes()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        WriteTiny(folder["whole.pt"]);
        Fuzz(folder, File.ReadAllBytes(folder["whole.pt"]), (file, bytes) => File.WriteAllBytes(file, bytes));
    }

    [Fact]
    public void IsImportedOrRefusedWhateverHappensToItsPickle()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        (TorchSave.StateDict state, Dictionary<string, byte[]> storages, JsonObject config) = TinyModel();
        Fuzz(folder, PickleWriter.Pickle(TorchSave.Checkpoint(state, config)), (file, pickle) => TorchSave.Write(file, pickle, storages));
    }

    private static void Fuzz(TemporaryFolder folder, byte[] whole, Action<string, byte[]> write)
    {
        Gen<byte[]> edits = Gen.Frequency(
            (3, Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Array[1, 4].Select(changes => Changed(whole, changes))),
            (1, Gen.Int[0, whole.Length].Select(length => whole[..length])),
            (1, Gen.Select(Gen.Int[0, whole.Length], Gen.Byte.Array[1, 8])
                .Select((at, more) => (byte[])[.. whole[..at], .. more, .. whole[at..]])),
            (1, Gen.Select(Gen.Int[0, whole.Length], Gen.Int[0, 64])
                .Select((at, count) => (byte[])[.. whole[..at], .. whole[Math.Min(whole.Length, at + count)..]])));
        edits.Sample(bytes =>
        {
            write(folder["ckpt.pt"], bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ReferenceImporter.Import(folder["ckpt.pt"], folder["out"]);
            }
            catch (InvalidDataException e)
            {
                Assert.StartsWith(folder["ckpt.pt"], e.Message, StringComparison.Ordinal);
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
        }, iter: 400, threads: 1);
    }

    private static byte[] Changed(byte[] whole, (int At, byte Value)[] changes)
    {
        byte[] bytes = [.. whole];
        foreach ((int at, byte value) in changes)
            bytes[at] = value;
        return bytes;
    }

    private static void AssertRefused(Action<string> write, Func<string, string> message)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        write(folder["ckpt.pt"]);
        Assert.Equal(message(folder["ckpt.pt"]),
            Assert.Throws<InvalidDataException>(() => ReferenceImporter.Import(folder["ckpt.pt"], folder["out"])).Message);
        Assert.Equal(["ckpt.pt"], Directory.EnumerateFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry)));
    }

    private static void WriteTiny(string file, string byteOrder = "little", Action<Dictionary<string, byte[]>>? change = null)
    {
        (TorchSave.StateDict state, Dictionary<string, byte[]> storages, JsonObject config) = TinyModel();
        change?.Invoke(storages);
        TorchSave.Write(file, TorchSave.Checkpoint(state, config), storages, byteOrder);
    }

    private static (TorchSave.StateDict State, Dictionary<string, byte[]> Storages, JsonObject Config) TinyModel()
    {
        var storages = new Dictionary<string, byte[]>();
        var tensors = new List<(string, TorchSave.Tensor)>();
        foreach (ParameterSpec spec in ParameterTable.Of(Tiny))
        {
            tensors.Add((spec.Name, TorchSave.Tensor.Whole($"{storages.Count}", spec.Shape)));
            storages.Add($"{storages.Count}", new byte[4 * spec.Elements]);
        }
        tensors.Add(("transformer.wte.weight", tensors.Single(tensor => tensor.Item1 == "lm_head.weight").Item2));
        JsonObject config = TorchSave.Golden("mhc4").Config;
        (config["vocab_size"], config["block_size"], config["n_layer"]) = (Tiny.VocabSize, Tiny.BlockSize, Tiny.NLayer);
        (config["n_head"], config["n_embd"], config["hc_num_streams"]) = (Tiny.NHead, Tiny.NEmbd, Tiny.Streams);
        return (new(tensors), storages, config);
    }
}
