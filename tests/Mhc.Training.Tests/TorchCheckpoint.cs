using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using CsCheck;
using Mhc.Testing;

namespace Mhc.Training.Tests;

/// <summary>The reference's <c>ckpt.pt</c>: what is taken over from it, under whichever names and in whichever number format.</summary>
public class TorchCheckpoint
{
    public static TheoryData<string> Models => GoldenFixture.Models;

    [Theory, MemberData(nameof(Models))]
    public void GivesTheModelThatItsFolderGives(string name)
    {
        using GoldenFixture golden = GoldenFixture.Open(name);
        using TemporaryFolder folder = Fixtures.Temporary();
        TorchSave.Golden(folder["ckpt.pt"], name);

        ReferenceImporter.Import(folder["ckpt.pt"], folder["out"]);

        AssertSameFiles(golden.Checkpoint, folder["out"]);
    }

    [Theory, InlineData("_orig_mod."), InlineData("module."), InlineData("module._orig_mod."), InlineData("_orig_mod.module.")]
    public void MayBeOfAWrappedModel(string prefix) =>
        AssertImported("mhc4", (state, storages, config) => TorchSave.Checkpoint(TorchSave.Golden("mhc4", prefix: prefix).State, config));

    [Fact]
    public void MayHoldAnOptimizerAndNanoGptsArguments() => AssertImported("mhc4", (state, storages, config) =>
    {
        storages["step"] = new byte[4];
        TorchSave.Tensor step = TorchSave.Tensor.Whole("step", []);
        var run = (JsonObject)config.DeepClone();
        config.Remove("sinkhorn_tau"); // Taken from the run's settings where the arguments lack it; the arguments go first.
        (run["n_layer"], run["learning_rate"], run["out_dir"]) = (17, 6e-4, "out");
        return new Dictionary<object, object?>
        {
            ["model"] = state,
            ["optimizer"] = new Dictionary<object, object?>
            {
                ["state"] = new Dictionary<object, object?>
                {
                    [0] = new Dictionary<object, object?> { ["step"] = step, ["exp_avg"] = state.Tensors[1].Tensor },
                },
                ["param_groups"] = new List<object?>
                {
                    new Dictionary<object, object?>
                    {
                        ["lr"] = 6e-4,
                        ["betas"] = new object?[] { 0.9, 0.95 },
                        ["foreach"] = null,
                        ["fused"] = true,
                        ["params"] = new List<object?> { 0, 1 },
                    },
                },
            },
            ["model_args"] = config,
            ["iter_num"] = 3_000_000_000L,
            ["best_val_loss"] = step,
            ["config"] = run,
        };
    });

    [Theory, InlineData("HalfStorage"), InlineData("BFloat16Storage"), InlineData("DoubleStorage")]
    public void OfOtherNumbersBecomesFloat32(string storage)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        (TorchSave.StateDict state, Dictionary<string, byte[]> storages, JsonObject config) = TorchSave.Golden("mhc4");
        // Numbers that each format has: a small one, the largest of float16 that bfloat16 has too, a negative zero, a subnormal of float16.
        float[] exact = [0.5f, -1.25f, 65280f, -0f, 3.0517578125e-5f];
        long elements = state.Tensors.Single(tensor => tensor.Name == "lm_head.weight").Tensor.Elements;
        float[] values = [.. Enumerable.Range(0, (int)elements).Select(i => exact[i % exact.Length])];
        byte[] bytes = [.. values.SelectMany(value => Bytes(storage, value))];
        Replace(state, storages, "lm_head.weight", tensor => tensor with { Storage = storage, Key = "x" }, bytes);
        TorchSave.Write(folder["ckpt.pt"], TorchSave.Checkpoint(state, config), storages);

        ReferenceImporter.Import(folder["ckpt.pt"], folder["out"]);

        using SafetensorsFile file = SafetensorsFile.Open(folder["out/model.safetensors"]);
        Assert.Equal(values.SelectMany(BitConverter.GetBytes), file.ReadBytes("lm_head.weight"));
    }

    /// <summary>A view of any storage, transposed, with gaps or behind an offset, has the elements that indexing gives.</summary>
    [Fact]
    public void GathersViewsOfAnyStrides()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        float[] storage = [.. Enumerable.Range(0, 4096).Select(i => (float)i)];
        Gen<(long[] Shape, long[] Gaps, int[] Order, int Offset)> views = Gen.Select(Gen.Int[0, 4].SelectMany(axes => Gen.Select(
            Gen.Long[1, 4].Array[axes], Gen.Long[1, 2].Array[axes], Gen.Shuffle(Enumerable.Range(0, axes).ToArray()))), Gen.Int[0, 9],
            (view, offset) => (view.Item1, view.Item2, view.Item3, offset));
        views.Sample(view =>
        {
            long[] strides = new long[view.Shape.Length];
            long stride = 1;
            foreach (int axis in view.Order)
                (strides[axis], stride) = (stride * view.Gaps[axis], stride * view.Gaps[axis] * view.Shape[axis]);
            var tensor = new TorchSave.Tensor("FloatStorage", "0", storage.Length, view.Offset, view.Shape, strides);
            Assert.Equal(Indexed(storage, view.Offset, view.Shape, strides), Read(folder["view.pt"], tensor, storage));
        }, iter: 200, threads: 1);
    }

    [Fact]
    public void WithNumbersThatAreNotFiniteIsRefused() => AssertRefused((state, storages, config) =>
    {
        byte[] bytes = storages[state.Tensors.Single(tensor => tensor.Name == "transformer.ln_f.weight").Tensor.Key];
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(8), float.NaN);
        return TorchSave.Checkpoint(state, config);
    }, file => $"{file}: tensor `transformer.ln_f.weight` has NaN at element 2, expected finite numbers. "
        + "The training had diverged: take an earlier checkpoint.");

    [Fact]
    public void OfAnotherModelThanItsConfigSaysNamesTheTensors() => AssertRefused((state, storages, config) =>
    {
        config["vocab_size"] = 66;
        var more = new TorchSave.StateDict([.. state.Tensors, ("transformer.h.0.rotary.inv_freq", state.Tensors[0].Tensor)]);
        return TorchSave.Checkpoint(more, config);
    }, file => $"{file}: tensor `lm_head.weight` is [65, 32], its config asks for [66, 32]." + Environment.NewLine
        + $"{file}: tensor `transformer.h.0.rotary.inv_freq` is not part of the model that its config describes.");

    [Fact]
    public void WithIntegerWeightsNamesThem() => AssertRefused((state, storages, config) =>
    {
        Replace(state, storages, "transformer.ln_f.weight", tensor => tensor with { Storage = "LongStorage", Key = "x" }, new byte[32 * 8]);
        return TorchSave.Checkpoint(state, config);
    }, file => $"{file}: tensor `transformer.ln_f.weight` is I64, expected F32.");

    [Fact]
    public void WithUnknownAndMissingKeysNamesThem() => AssertRefused((state, storages, config) =>
    {
        config.Remove("n_head");
        config["rotary"] = true;
        return TorchSave.Checkpoint(state, config);
    }, file => $"{file}: config: `n_head` is missing, expected an integer.{Environment.NewLine}"
        + $"{file}: config: `rotary` is not a known key: remove it.");

    [Fact]
    public void WithoutAConfigIsRefused() => AssertRefused(
        (state, _, _) => new Dictionary<object, object?> { ["model"] = state, ["iter_num"] = 1 },
        file => $"{file}: neither `config` nor `model_args` is there, only `model`, `iter_num`. "
            + "Expected the reference's checkpoint, which says how its model was made.");

    [Fact]
    public void ThatIsAStateDictAloneIsRefused() => AssertRefused((state, _, _) => new TorchSave.StateDict([.. state.Tensors.Take(1)]),
        file => $"{file}: data.pkl: has no state dict under `model`, but `lm_head.weight`. "
            + "Expected the reference's checkpoint, a dict with `model` and `config`.");

    [Fact]
    public void WhoseConfigIsTooLargeForItsTensorsIsRefused() => AssertRefused((state, _, config) =>
    {
        (config["n_layer"], config["n_embd"], config["hc_num_streams"]) = (2_000_000_000, 2_000_000_000, 2_000_000_000);
        return TorchSave.Checkpoint(state, config);
    }, file => string.Join(Environment.NewLine, new[] { "n_layer", "n_embd", "hc_num_streams" }
        .Select(key => $"{file}: config: `{key}` is 2000000000, too large for the 39 tensors beside it.")));

    private static byte[] Bytes(string storage, float value) => storage switch
    {
        "HalfStorage" => BitConverter.GetBytes((Half)value),
        "BFloat16Storage" => BitConverter.GetBytes(value)[2..],
        _ => BitConverter.GetBytes((double)value),
    };

    private static void Replace(TorchSave.StateDict state, Dictionary<string, byte[]> storages, string name,
        Func<TorchSave.Tensor, TorchSave.Tensor> change, byte[] bytes)
    {
        var tensors = (List<(string Name, TorchSave.Tensor Tensor)>)state.Tensors;
        TorchSave.Tensor old = tensors.Single(tensor => tensor.Name == name).Tensor;
        for (int i = 0; i < tensors.Count; i++)
        {
            if (tensors[i].Tensor == old) // And its aliases.
                tensors[i] = (tensors[i].Name, change(old));
        }
        storages["x"] = bytes;
    }

    private static float[] Read(string path, TorchSave.Tensor tensor, float[] storage)
    {
        TorchSave.Write(path, TorchSave.Checkpoint(new TorchSave.StateDict([("view", tensor)]), null),
            new() { [tensor.Key] = [.. storage.SelectMany(BitConverter.GetBytes)] });
        using TorchFile file = TorchFile.Open(path);
        return MemoryMarshal.Cast<byte, float>(file.ReadBytes("view")).ToArray();
    }

    private static float[] Indexed(float[] storage, long offset, long[] shape, long[] strides) => shape is []
        ? [storage[offset]]
        : [.. Enumerable.Range(0, (int)shape[0]).SelectMany(i => Indexed(storage, offset + (i * strides[0]), shape[1..], strides[1..]))];

    private static void AssertImported(string golden, Func<TorchSave.StateDict, Dictionary<string, byte[]>, JsonObject, object?> root)
    {
        using GoldenFixture fixture = GoldenFixture.Open(golden);
        using TemporaryFolder folder = Fixtures.Temporary();
        (TorchSave.StateDict state, Dictionary<string, byte[]> storages, JsonObject config) = TorchSave.Golden(golden);
        TorchSave.Write(folder["ckpt.pt"], root(state, storages, config), storages);

        ReferenceImporter.Import(folder["ckpt.pt"], folder["out"]);

        AssertSameFiles(fixture.Checkpoint, folder["out"]);
    }

    private static void AssertSameFiles(string expected, string actual)
    {
        foreach (string file in new[] { "config.json", "model.safetensors" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(expected, file)), File.ReadAllBytes(Path.Combine(actual, file)));
    }

    private static void AssertRefused(
        Func<TorchSave.StateDict, Dictionary<string, byte[]>, JsonObject, object?> root, Func<string, string> message)
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        (TorchSave.StateDict state, Dictionary<string, byte[]> storages, JsonObject config) = TorchSave.Golden("mhc4", aliases: false);
        TorchSave.Write(folder["ckpt.pt"], root(state, storages, config), storages);

        Assert.Equal(message(folder["ckpt.pt"]),
            Assert.Throws<InvalidDataException>(() => ReferenceImporter.Import(folder["ckpt.pt"], folder["out"])).Message);
        Assert.Equal(["ckpt.pt"], Directory.EnumerateFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry)));
    }
}
