using System.Text;
using Mhc.Testing;

namespace Mhc.Training.Tests;

/// <summary>A pickle is a program: what checkpoints do not do is refused by name and place, at once and within little memory.</summary>
public class HostilePickle
{
    private const string Refusal = "is refused. Such a thing is in no checkpoint of the reference, and nothing in the file is run. "
        + "If you trust the file, load it in PyTorch with weights_only=True and save its `model` and `config` again.";
    private const string Damage = "The file is damaged: write it again or fetch it anew.";

    private static readonly PickleOpcode[] Known =
    [
        PickleOpcode.NONE, PickleOpcode.NEWTRUE, PickleOpcode.NEWFALSE, PickleOpcode.BININT, PickleOpcode.BININT1, PickleOpcode.BININT2,
        PickleOpcode.LONG1, PickleOpcode.BINFLOAT, PickleOpcode.BINUNICODE, PickleOpcode.MARK, PickleOpcode.EMPTY_TUPLE,
        PickleOpcode.TUPLE1, PickleOpcode.TUPLE2, PickleOpcode.TUPLE3, PickleOpcode.TUPLE, PickleOpcode.EMPTY_LIST, PickleOpcode.APPEND,
        PickleOpcode.APPENDS, PickleOpcode.EMPTY_DICT, PickleOpcode.SETITEM, PickleOpcode.SETITEMS, PickleOpcode.BINPUT,
        PickleOpcode.LONG_BINPUT, PickleOpcode.BINGET, PickleOpcode.LONG_BINGET, PickleOpcode.GLOBAL, PickleOpcode.BINPERSID,
        PickleOpcode.REDUCE, PickleOpcode.BUILD, PickleOpcode.STOP,
    ];

    [Theory]
    [InlineData("posix system"), InlineData("nt system"), InlineData("builtins eval"), InlineData("__builtin__ exec")]
    [InlineData("subprocess Popen"), InlineData("torch load"), InlineData("torch._utils _rebuild_tensor_v3")]
    [InlineData("collections defaultdict")]
    public void ImportsNothing(string name) => AssertRefused(
        new PickleWriter().Global(name).Tuple("touch owned").Raw((byte)'R').Finish(),
        $"byte 2: the global `{name.Replace(' ', '.')}` {Refusal}");

    [Fact]
    public void KnowsNoOtherInstructionThanDataNeeds()
    {
        foreach (PickleOpcode opcode in Enum.GetValues<PickleOpcode>().Except(Known))
        {
            AssertRefused([0x80, 2, (byte)'N', (byte)opcode, .. new byte[16]],
                $"byte 3: the opcode {opcode} (0x{(byte)opcode:X2}) {Refusal}");
        }
        AssertRefused([0x80, 2, 0xFF], $"byte 2: the byte 0xFF, no opcode, {Refusal}");
    }

    [Fact]
    public void FollowsNoNameMadeOnTheStack() => AssertRefused(
        new PickleWriter().Value("posix").Value("system").Raw((byte)PickleOpcode.STACK_GLOBAL).Finish(),
        $"byte 27: the opcode STACK_GLOBAL (0x93) {Refusal}");

    [Fact]
    public void ReadsNoOtherProtocol()
    {
        AssertRefused([0x80, 4, .. new byte[16]], $"byte 0: another pickle protocol than 2, torch.save's own, {Refusal}");
        AssertRefused("(dp0\n."u8.ToArray(), $"byte 0: another pickle protocol than 2, torch.save's own, {Refusal}");
    }

    [Theory]
    [InlineData("collections OrderedDict"), InlineData("torch FloatStorage")]
    [InlineData("torch._utils _rebuild_parameter"), InlineData("torch._utils _rebuild_tensor_v2")]
    public void CallsNoKnownNameInAnotherWay(string global)
    {
        byte[] pickle = new PickleWriter().Global(global).Tuple("x", 1).Raw((byte)'R').Finish();
        AssertRefused(pickle, $"byte {pickle.Length - 2}: a call of `{global.Replace(' ', '.')}` with arguments of its own {Refusal}");
    }

    [Fact]
    public void BuildsNothing()
    {
        var odd = new Dictionary<object, object?> { ["__class__"] = "x" };
        object?[] targets = [new List<object?>(), "text", 1, Array.Empty<object?>(), new Dictionary<object, object?>(), null];
        foreach (object? target in targets)
        {
            byte[] pickle = new PickleWriter().Value(target).Value(odd).Raw((byte)'b').Finish();
            AssertRefused(pickle, $"byte {pickle.Length - 2}: BUILD of anything but the `_metadata` of a state dict {Refusal}");
        }
    }

    [Fact]
    public void TakesNoOtherPersistentIdThanAStorages()
    {
        object?[] module = ["module", 1], storage = ["storage", "x", "0", "cpu", 4];
        foreach (object? id in new object?[] { "file:///etc/passwd", module, storage, null })
        {
            byte[] pickle = new PickleWriter().Value(id).Raw((byte)'Q').Finish();
            AssertRefused(pickle, $"byte {pickle.Length - 2}: a persistent id that names no storage {Refusal}");
        }
    }

    [Fact]
    public void MarksNestToABoundedDepth() =>
        AssertRefused([0x80, 2, .. Enumerable.Repeat((byte)'(', 1_000_000)], $"byte 66: nesting deeper than 64 levels {Refusal}");

    [Fact]
    public void RunsABoundedNumberOfInstructions() => AssertRefused(
        [0x80, 2, (byte)'N', .. Enumerable.Repeat<byte[]>([(byte)'q', 0], Unpickler.MostInstructions).SelectMany(put => put)],
        $"byte {(2 * Unpickler.MostInstructions) - 3}: a pickle of more than {Unpickler.MostInstructions} instructions {Refusal}");

    /// <summary>Lengths that the file does not have are never allocated.</summary>
    [Theory]
    [InlineData(new byte[] { (byte)'X', 0xFF, 0xFF, 0xFF, 0xFF }, "a text of 4294967295 bytes, expected at most 4096")]
    [InlineData(new byte[] { (byte)'X', 9, 0, 0, 0 }, "9 bytes are due at byte 7, but the pickle ends after 7")]
    [InlineData(new byte[] { (byte)'X', 2, 0, 0, 0, 0xC3, 0x28 }, "text that is not UTF-8")]
    [InlineData(new byte[] { 0x8A, 0xFF }, "an integer of 255 bytes, expected at most 8")]
    [InlineData(new byte[] { (byte)'J', 1 }, "4 bytes are due at byte 3, but the pickle ends after 4")]
    [InlineData(new byte[] { (byte)'c', (byte)'o', (byte)'s' }, "a name without an end within 256 bytes")]
    [InlineData(new byte[] { (byte)'j', 0xFF, 0xFF, 0xFF, 0xFF }, "nothing was kept under 4294967295")]
    [InlineData(new byte[] { (byte)'a' }, "the stack is empty"), InlineData(new byte[] { (byte)'q', 0 }, "the stack is empty")]
    [InlineData(new byte[] { (byte)'t' }, "a MARK is missing")]
    [InlineData(new byte[] { (byte)'.' }, "the end leaves 0 values, expected one")]
    public void WhatIsCutShortOrOutOfOrderIsDamage(byte[] instruction, string problem) =>
        AssertRefused([0x80, 2, .. instruction], $"byte 2: {problem}. {Damage}");

    [Theory]
    [InlineData("NNa", "items to append, but no list to take them"), InlineData("NNNs", "keys and values, but no dict to take them")]
    [InlineData("}(Nu", "keys and values, but no dict to take them"), InlineData("N(a", "the stack is empty")]
    [InlineData("NNR", "REDUCE finds no function and tuple of arguments"), InlineData("}(K\u0001NK\u0001Nu", "the key `1` is there twice")]
    public void WhatFitsNothingIsDamage(string instructions, string problem)
    {
        byte[] pickle = [0x80, 2, .. Encoding.ASCII.GetBytes(instructions)];
        AssertRefused(pickle, $"byte {pickle.Length - 1}: {problem}. {Damage}");
    }

    /// <summary>A memo index of four billion is a key like another.</summary>
    [Fact]
    public void MemoIndexesCostNothing() =>
        Assert.Null(Unpickler.Read([0x80, 2, (byte)'N', (byte)'r', 0xFF, 0xFF, 0xFF, 0xFF, (byte)'.'], "p"));

    [Fact]
    public void KeysHashOnlyInWaysThatAreNotForTheFileToChoose() => AssertRefused(
        new PickleWriter().Value(new Dictionary<object, object?> { [1L << 40] = 1 }).Finish(),
        $"byte 17: a key that is neither a string nor a 32-bit integer {Refusal}");

    /// <summary>Views whose elements would repeat are as large as the file says, which can be anything.</summary>
    [Theory]
    [InlineData(4, 0, new long[] { 1L << 36 }, new long[] { 0 }), InlineData(4, 0, new long[] { 5 }, new long[] { 1 })]
    [InlineData(4, 3, new long[] { 2 }, new long[] { 1 }), InlineData(4, -1, new long[] { 2 }, new long[] { 1 })]
    [InlineData(4, 0, new long[] { 2 }, new long[] { -1 }), InlineData(4, 0, new long[] { -2 }, new long[] { 1 })]
    [InlineData(4, 0, new long[] { 2 }, new long[] { long.MaxValue }), InlineData(4, long.MaxValue, new long[] { 2 }, new long[] { 1 })]
    [InlineData(4, 0, new long[] { 1L << 32, 1L << 32, 1L << 32, 1L << 32, 0 }, new long[] { 1, 1, 1, 1, 1 }, true)]
    public void TensorsLieInTheirStorage(long elements, long offset, long[] shape, long[] strides, bool isFine = false)
    {
        byte[] pickle = PickleWriter.Pickle(new TorchSave.Tensor("FloatStorage", "0", elements, offset, shape, strides));
        if (isFine)
            Assert.Equal(0, ((TorchTensor)Unpickler.Read(pickle, "p")!).Span);
        else
        {
            AssertRefused(pickle, $"byte {pickle.Length - 4}: a tensor of shape [{string.Join(", ", shape)}], "
                + $"strides [{string.Join(", ", strides)}] and offset {offset} does not lie in its storage of {elements} "
                + $"elements. {Damage}");
        }
    }

    [Fact]
    public void AConfigThatHoldsItselfIsRefused() => AssertConfigRefused(
        // {"config": d} where d = {"n": d}
        pickle => pickle.Raw((byte)'}', (byte)'r', 0, 0, 1, 0).Value("n").Raw((byte)'j', 0, 0, 1, 0, (byte)'s'));

    [Fact]
    public void AConfigOfManyLevelsIsRefused() => AssertConfigRefused(pickle => pickle.Raw((byte)'}').Value("n")
        .Raw([.. Enumerable.Repeat((byte)']', 400_000), .. Enumerable.Repeat((byte)'a', 399_999), (byte)'s']));

    /// <summary>Seven tuples, each of which holds the one before a hundred times: 10¹⁴ values when written out.</summary>
    [Fact]
    public void AConfigThatMultipliesIsRefused() => AssertConfigRefused(pickle =>
    {
        pickle.Raw((byte)'}').Value("n").Raw((byte)']', (byte)'(');
        pickle.Raw((byte)'(').Raw([.. Enumerable.Repeat((byte)'N', 100)]).Raw((byte)'t', (byte)'r', 0, 0, 1, 0);
        for (int level = 0; level < 6; level++)
        {
            pickle.Raw((byte)'(');
            for (int i = 0; i < 100; i++)
                pickle.Raw((byte)'j', (byte)level, 0, 1, 0);
            pickle.Raw((byte)'t', (byte)'r', (byte)(level + 1), 0, 1, 0);
        }
        return pickle.Raw((byte)'e', (byte)'s');
    });

    private static void AssertRefused(byte[] pickle, string message)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal($"p, {message}", Assert.Throws<InvalidDataException>(() => Unpickler.Read(pickle, "p")).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    private static void AssertConfigRefused(Func<PickleWriter, PickleWriter> config)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        PickleWriter pickle = new PickleWriter().Raw((byte)'}').Value("model").Value(new TorchSave.StateDict([])).Raw((byte)'s');
        TorchSave.Write(folder["ckpt.pt"], config(pickle.Value("config")).Raw((byte)'s').Finish(), []);

        Assert.Equal($"{folder["ckpt.pt"]}: config: `n` is nested too deep or holds too much. Expected at most 8 levels and 10000 values.",
            Assert.Throws<InvalidDataException>(() => ReferenceImporter.Import(folder["ckpt.pt"], folder["out"])).Message);
    }
}
