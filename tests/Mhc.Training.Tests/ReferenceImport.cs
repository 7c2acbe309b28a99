using System.Text.Json.Nodes;
using Mhc.Testing;

namespace Mhc.Training.Tests;

public class ReferenceImport
{
    [Fact]
    public void NamesAProjectionThatTheReferenceDoesNotHave() => AssertRefused<InvalidDataException>(
        config => config["mhc_h_res_proj"] = "birkhoff",
        file => $"{file}: `mhc_h_res_proj` is \"birkhoff\", expected \"sinkhorn\" or \"orthostochastic\".");

    [Fact]
    public void NamesUnknownAndMissingKeys() => AssertRefused<InvalidDataException>(config =>
    {
        config.Remove("n_head");
        config["rotary"] = true;
    }, file => $"{file}: `n_head` is missing, expected an integer.{Environment.NewLine}{file}: `rotary` is not a known key: remove it.");

    [Fact]
    public void NamesTensorsThatDoNotFit() => AssertRefused<InvalidDataException>(config => config["n_layer"] = 2, file =>
    {
        string weights = Path.Combine(Path.GetDirectoryName(file)!, "model.safetensors");
        string[] names =
        [
            "attn.c_attn.weight", "attn.c_proj.weight",
            "hc_attn.H_post_logits", "hc_attn.H_pre_logits", "hc_attn.H_res_logits",
            "hc_mlp.H_post_logits", "hc_mlp.H_pre_logits", "hc_mlp.H_res_logits",
            "ln_1.weight", "ln_2.weight", "mlp.c_fc.weight", "mlp.c_proj.weight",
        ];
        return string.Join(Environment.NewLine, names.Select(name =>
            $"{weights}: tensor `transformer.h.2.{name}` is not part of the model that config.json describes."));
    });

    [Fact]
    public void NamesAbsentFiles()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        Assert.Equal($"{folder["config.json"]}: no such file. "
            + "Expected the reference's ckpt.pt, or a folder with its config.json and model.safetensors.",
            Assert.Throws<FileNotFoundException>(() => ReferenceImporter.Import(folder.Path, folder["out"])).Message);
    }

    private static void AssertRefused<T>(Action<JsonObject> change, Func<string, string> message) where T : Exception
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        string golden = GoldenFixture.Resolve("mhc4");
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(golden, "config.json")))!.AsObject();
        change(config);
        File.WriteAllText(folder["config.json"], config.ToJsonString());
        File.Copy(Path.Combine(golden, "model.safetensors"), folder["model.safetensors"]);

        Assert.Equal(message(folder["config.json"]), Assert.Throws<T>(() => ReferenceImporter.Import(folder.Path, folder["out"])).Message);
        Assert.False(Directory.Exists(folder["out"]));
    }
}
