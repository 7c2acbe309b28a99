using System.Text.Json;
using System.Text.Json.Nodes;
using Mhc.Testing;

namespace Mhc.Training.Tests;

/// <summary>One parameter has several names in the reference's state dict.</summary>
public class StateDictNames
{
    [Fact]
    public void AllLeadToTheNameOfTheCheckpointFormat()
    {
        foreach (string model in new[] { "baseline", "mhc4", "mhc4_bias" })
        {
            using JsonDocument meta = JsonDocument.Parse(File.ReadAllText(Path.Combine(GoldenFixture.Resolve(model), "meta.json")));
            foreach (JsonProperty parameter in meta.RootElement.GetProperty("state_dict_aliases").EnumerateObject())
            {
                Assert.Equal(parameter.Name, ReferenceNames.Canonical(parameter.Name));
                foreach (JsonElement alias in parameter.Value.EnumerateArray())
                    Assert.Equal(parameter.Name, ReferenceNames.Canonical(alias.GetString()!));
            }
        }
    }

    [Theory]
    [InlineData("transformer.h.0.hc_attn.H_res_logits"), InlineData("transformer.h.0.attn_branch.proj.weight")]
    [InlineData("transformer.h.x.hc_mlp.branch.0.weight"), InlineData("transformer.hc_mlp.branch.0.weight")]
    [InlineData("modules.lm_head.weight"), InlineData("")]
    public void ThatAreNoSecondNamesStay(string name) => Assert.Equal(name, ReferenceNames.Canonical(name));

    [Fact]
    public void MayHoldACopyOfTheSameNumbers() => Import((state, storages) =>
    {
        storages["copy"] = storages[Storage(state, "lm_head.weight")];
        return Renamed(state, "transformer.wte.weight", "copy");
    });

    [Fact]
    public void MayComeWithoutTheFirstName() =>
        Import((state, _) => new([.. state.Tensors.Where(tensor => tensor.Name != "lm_head.weight")]));

    [Fact]
    public void WithDifferentNumbersAreRefused()
    {
        string? file = null;
        string message = Assert.Throws<InvalidDataException>(() => Import((state, storages) =>
        {
            storages["other"] = [.. storages[Storage(state, "transformer.h.1.ln_2.weight")]];
            storages["other"][3] ^= 1;
            return Renamed(state, "transformer.h.1.hc_mlp.branch.0.weight", "other");
        }, opened => file = opened)).Message;

        Assert.Equal($"{file}: tensors `transformer.h.1.ln_2.weight` and `transformer.h.1.hc_mlp.branch.0.weight` are names of "
            + "one parameter in the reference, but hold different numbers. Keep the one that was trained.", message);
    }

    [Fact]
    public void OfAFolderAreTheSame()
    {
        using GoldenFixture golden = GoldenFixture.Open("mhc4");
        using TemporaryFolder folder = Fixtures.Temporary();
        File.Copy(Path.Combine(golden.Folder, "config.json"), folder["config.json"]);
        using (SafetensorsFile file = SafetensorsFile.Open(Path.Combine(golden.Folder, "model.safetensors")))
        {
            IEnumerable<string> names = file.Tensors.Keys.Append("transformer.wte.weight");
            SafetensorsFile.Write(folder["model.safetensors"], names.Select(name =>
            {
                string first = ReferenceNames.Canonical(name);
                return ($"_orig_mod.{name}", file.Tensors[first].Shape, (Func<byte[]>)(() => file.ReadBytes(first)));
            }));
        }

        ReferenceImporter.Import(folder.Path, folder["out"]);

        Assert.Equal(File.ReadAllBytes(Path.Combine(golden.Checkpoint, "model.safetensors")),
            File.ReadAllBytes(folder["out/model.safetensors"]));
    }

    private static void Import(Func<TorchSave.StateDict, Dictionary<string, byte[]>, TorchSave.StateDict> change,
        Action<string>? opened = null)
    {
        using GoldenFixture golden = GoldenFixture.Open("mhc4");
        using TemporaryFolder folder = Fixtures.Temporary();
        opened?.Invoke(folder["ckpt.pt"]);
        (TorchSave.StateDict state, Dictionary<string, byte[]> storages, JsonObject config) = TorchSave.Golden("mhc4");
        TorchSave.Write(folder["ckpt.pt"], TorchSave.Checkpoint(change(state, storages), config), storages);

        ReferenceImporter.Import(folder["ckpt.pt"], folder["out"]);

        Assert.Equal(File.ReadAllBytes(Path.Combine(golden.Checkpoint, "model.safetensors")),
            File.ReadAllBytes(folder["out/model.safetensors"]));
    }

    private static string Storage(TorchSave.StateDict state, string name) => state.Tensors.Single(tensor => tensor.Name == name).Tensor.Key;

    private static TorchSave.StateDict Renamed(TorchSave.StateDict state, string name, string storage) =>
        new([.. state.Tensors.Select(tensor => tensor.Name == name ? (name, tensor.Tensor with { Key = storage }) : tensor)]);
}
