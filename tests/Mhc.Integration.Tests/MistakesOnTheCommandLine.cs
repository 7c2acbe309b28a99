using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary>Exit code 1 and one clear message for bad input, 2 for bad usage; nothing is left half-written.</summary>
public class MistakesOnTheCommandLine
{
    [Fact]
    public void AbsentTextIsNamed() => AssertBadInput("mhc: no.txt: no such file or folder. Expected UTF-8 text to train on.",
        "train", "--data", "no.txt", "--out", "{tmp}/run");

    [Fact]
    public void ShortTextIsNamed() => AssertBadInput(
        "mhc: {tmp}/short.txt: the training part has 7 tokens, expected more than `block_size` 128. "
        + "Give more text, or set block_size lower or val_fraction differently.",
        "train", "--data", "{tmp}/short.txt", "--out", "{tmp}/run");

    [Fact]
    public void TextThatFitsIntoTheValidationShardIsNotPrepared() => AssertBadInput(
        "mhc: The text has 7 tokens in all, expected more than the 7 of the validation shard. Give more text, or set --val-tokens lower.",
        "prepare", "{tmp}/short.txt", "--out", "{tmp}/run", "--tokenizer", "byte", "--val-tokens", "7");

    [Fact]
    public void AbsentTokenizerFilesAreNamed() => AssertBadInput(
        "mhc: {tmp}/vocab.json: no such file. Expected a folder with GPT-2's vocab.json and merges.txt.",
        "data", "fineweb10B", "--shards", "1", "--out", "{tmp}/run", "--tokenizer-folder", "{tmp}");

    [Fact]
    public void UnknownSettingsAreNamed() => AssertBadInput("mhc: settings: `strems` is not a known key; did you mean `streams`?",
        "train", "--data", "{tmp}/short.txt", "--out", "{tmp}/run", "--set", "strems=4");

    [Fact]
    public void AbsentCheckpointsAreNamed() => AssertBadInput("mhc: There is no checkpoint folder '{tmp}/nowhere'; expected a checkpoint folder such as RUN/best that holds "
        + "config.json and model.safetensors. Make one with `mhc train`, or correct the path.", "export", "--checkpoint", "{tmp}/nowhere", "--out", "{tmp}/m.onnx");

    [Fact]
    public void ModelsThatAreNoOnnxAreNamed()
    {
        using TemporaryFolder folder = WithShortText();
        CommandLineTool.Result result = CommandLineTool.Mhc(
            "score", "--model", folder["short.txt"], "--input", folder["short.txt"], "--out", folder["s.csv"]);
        Assert.Equal(1, result.ExitCode);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.Equal(["short.txt"], Directory.EnumerateFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry)));
    }

    [Fact]
    public void TextInAnotherEncodingIsNamedWithItsLine()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllBytes(folder["latin1.txt"], [.. "first\ncaf"u8, 0xE9, (byte)'\n']);
        using GoldenFixture golden = GoldenFixture.Open("mhc4");
        File.WriteAllText(Path.Combine(golden.Checkpoint, "tokenizer.json"),
            """{ "version": 1, "type": "char", "vocabulary": ["\n", "a"], "prefix_token_id": 0, "eos_token_id": null }""");
        CommandLineTool.MustRun("export", "--checkpoint", golden.Checkpoint, "--out", folder["m.onnx"]);

        CommandLineTool.Result result = CommandLineTool.Mhc(
            "score", "--model", folder["m.onnx"], "--input", folder["latin1.txt"], "--out", folder["s.csv"]);

        Assert.Equal($"mhc: {folder["latin1.txt"]}: line 2 has byte 0xE9 at offset 3, which is not UTF-8. Expected UTF-8 text: "
            + "convert the file first, for example with `iconv -f ISO-8859-1 -t UTF-8`. "
            + "Or put such rows aside with --quarantine FILE.", result.Error.Trim());
        Assert.Equal((1, false), (result.ExitCode, File.Exists(folder["s.csv"])));
    }

    [Fact]
    public void TheFolderOfTheResultMustBeThere() => AssertBadInput(
        "mhc: {tmp}/no/s.csv: its folder is not there. Make it first, or write elsewhere.",
        "score", "--model", "m.onnx", "--input", "{tmp}/short.txt", "--out", "{tmp}/no/s.csv");

    [Theory]
    [InlineData("{tmp}/short.txt: would overwrite or join the input {tmp}/short.txt. Write elsewhere.",
        "score", "--model", "m.onnx", "--input", "{tmp}/short.txt", "--out", "{tmp}/short.txt")]
    [InlineData("{tmp}/c/model.safetensors: would overwrite or join the input {tmp}/c. Write elsewhere.",
        "export", "--checkpoint", "{tmp}/c", "--out", "{tmp}/c/model.safetensors")]
    [InlineData("{tmp}: a folder. Expected the name of a file to write.", "export", "--checkpoint", "c", "--out", "{tmp}")]
    [InlineData("{tmp}: a folder. Expected a file of texts: .csv, .jsonl, .parquet, or UTF-8 text, one text a line.",
        "score", "--model", "m.onnx", "--input", "{tmp}")]
    public void WhatIsReadIsNotOverwritten(string message, params string[] arguments)
    {
        using TemporaryFolder folder = WithShortText();
        Directory.CreateDirectory(folder["c"]);
        File.WriteAllText(folder["c/model.safetensors"], "weights");

        CommandLineTool.Result result =
            CommandLineTool.Mhc([.. arguments.Select(argument => argument.Replace("{tmp}", folder.Path, StringComparison.Ordinal))]);

        Assert.Equal((1, $"mhc: {message.Replace("{tmp}", folder.Path, StringComparison.Ordinal)}"), (result.ExitCode, result.Error.Trim()));
        Assert.Equal(("weights", 7), (File.ReadAllText(folder["c/model.safetensors"]), File.ReadAllText(folder["short.txt"]).Length));
    }

    [Fact]
    public void TheStackTraceIsShownOnRequest()
    {
        Assert.DoesNotContain("   at ", CommandLineTool.Mhc("inspect", "no.onnx").Error, StringComparison.Ordinal);
        Assert.Contains("   at ", CommandLineTool.Mhc("inspect", "no.onnx", "--verbose").Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mhc: Option '--data' is required.", "train", "--out", "run")]
    [InlineData("mhc: Unrecognized command or argument '--dta'.", "train", "--dta", "x", "--data", "x", "--out", "run")]
    [InlineData("mhc: --shards is 104, expected 1 to 103.", "data", "fineweb10B", "--shards", "104", "--out", "run")]
    [InlineData("mhc: --base-url is mirror, expected an address that begins with http:// or https://.",
        "data", "fineweb10B", "--shards", "1", "--out", "run", "--base-url", "mirror")]
    [InlineData("mhc: Argument 'bpe' not recognized.", "prepare", "a.txt", "--out", "run", "--tokenizer", "bpe")]
    [InlineData("mhc: Either --checkpoint or --model is required.", "generate", "--prompt", "a")]
    [InlineData("mhc: Either --checkpoint or --model is required.", "generate", "--checkpoint", "c", "--model", "m.onnx")]
    [InlineData("mhc: --repetition-penalty needs --model.", "generate", "--checkpoint", "c", "--repetition-penalty", "2")]
    [InlineData("mhc: --genai needs --outputs decoder.", "export", "--checkpoint", "c", "--out", "m.onnx", "--genai")]
    [InlineData("mhc: Argument '18' not recognized.", "export", "--checkpoint", "c", "--out", "m.onnx", "--opset", "18")]
    [InlineData("mhc: --tokens is 1, expected at least 2.", "verify", "--checkpoint", "c", "--model", "m.onnx", "--tokens", "1")]
    [InlineData("mhc: Required command was not provided.")]
    public void BadUsageIsExplained(string message, params string[] arguments)
    {
        CommandLineTool.Result result = CommandLineTool.Mhc(arguments);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Contains("--help` for what it takes.", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data"), InlineData("prepare"), InlineData("train"), InlineData("export"), InlineData("score"), InlineData("inspect")]
    [InlineData("verify"), InlineData("import"), InlineData("generate"), InlineData("bench"), InlineData("ablate")]
    public void EveryCommandExplainsItself(string command)
    {
        Assert.Contains(command, CommandLineTool.MustRun("--help"), StringComparison.Ordinal);
        Assert.Contains("Usage:", CommandLineTool.MustRun(command, "--help"), StringComparison.Ordinal);
    }

    private static void AssertBadInput(string message, params string[] arguments)
    {
        using TemporaryFolder folder = WithShortText();
        CommandLineTool.Result result = CommandLineTool.Mhc(
            [.. arguments.Select(argument => argument.Replace("{tmp}", folder.Path, StringComparison.Ordinal))]);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal(message.Replace("{tmp}", folder.Path, StringComparison.Ordinal), result.Error.Trim());
        Assert.False(Directory.Exists(folder["run"]));
    }

    private static TemporaryFolder WithShortText()
    {
        TemporaryFolder folder = Fixtures.Temporary();
        File.WriteAllText(folder["short.txt"], "abcd\nefgh\n"[..7]);
        return folder;
    }
}
