using Mhc.Testing;

namespace Mhc.Integration.Tests;

public class PrecisionOnTheCommandLine
{
    [Fact]
    public void IsComparedOnATextOfOnesOwn()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using GoldenFixture golden = WithTokenizer();
        string whole = folder["float32.onnx"], small = folder["int8.onnx"];
        CommandLineTool.MustRun("export", "--checkpoint", golden.Checkpoint, "--out", whole);
        string exported = CommandLineTool.MustRun(
            "export", "--checkpoint", golden.Checkpoint, "--out", small, "--precision", "int8", "--external-data");
        File.WriteAllText(folder["text.txt"], "abba\nbaab\n\nab\n");

        string[] table = CommandLineTool.MustRun("compare", whole, small, "--input", folder["text.txt"]).TrimEnd().Split('\n');

        Assert.StartsWith($"{small} and int8.onnx.data: ", exported, StringComparison.Ordinal);
        Assert.Equal("| model | precision | MB | perplexity | change | bits per byte | change |", table[0]);
        string[] first = Cells(table[2]), second = Cells(table[3]);
        Assert.Equal([whole, "float32", "0 %"], [first[0], first[1], first[4]]);
        Assert.Equal([small, "int8"], second[..2]);
        Assert.Matches(@"^[+-]\d+\.\d{3} %$", second[4]);
    }

    [Fact]
    public void ReplacesAModelOfTwoFilesByOneOfOne()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using GoldenFixture golden = WithTokenizer();
        CommandLineTool.MustRun("export", "--checkpoint", golden.Checkpoint, "--out", folder["m.onnx"], "--external-data");
        Assert.Equal(["m.onnx", "m.onnx.data"], Directory.EnumerateFiles(folder.Path).Select(file => Path.GetFileName(file)).Order());

        CommandLineTool.MustRun("export", "--checkpoint", golden.Checkpoint, "--out", folder["m.onnx"]);

        Assert.Equal(["m.onnx"], Directory.EnumerateFiles(folder.Path).Select(file => Path.GetFileName(file)));
    }

    [Fact]
    public void ThatThereIsNotIsBadUsage()
    {
        CommandLineTool.Result result = CommandLineTool.Mhc("export", "--checkpoint", "c", "--out", "m.onnx", "--precision", "int2");

        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("mhc: Argument 'int2' not recognized. Must be one of:", result.Error, StringComparison.Ordinal);
        foreach (string name in (string[])["'float32'", "'float16_weights'", "'float16'", "'int8'", "'int4'"])
            Assert.Contains(name, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void TextThatIsNotThereIsNamed()
    {
        CommandLineTool.Result result = CommandLineTool.Mhc("compare", "m.onnx", "--input", "no.txt");

        Assert.Equal((1, "mhc: no.txt: no such file. Expected a file of UTF-8 text, one text a line.\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public void TextWithNothingToScoreIsNamed()
    {
        using TemporaryFolder folder = Fixtures.Temporary();
        using GoldenFixture golden = WithTokenizer();
        CommandLineTool.MustRun("export", "--checkpoint", golden.Checkpoint, "--out", folder["m.onnx"]);
        File.WriteAllText(folder["empty.txt"], "\n\n");

        CommandLineTool.Result result = CommandLineTool.Mhc("compare", folder["m.onnx"], "--input", folder["empty.txt"]);

        Assert.Equal((1, $"mhc: {folder["empty.txt"]}: nothing in it that {folder["m.onnx"]} scores. Expected lines of UTF-8 text.\n"),
            (result.ExitCode, result.Error));
    }

    private static GoldenFixture WithTokenizer()
    {
        GoldenFixture golden = GoldenFixture.Open("mhc4");
        File.WriteAllText(Path.Combine(golden.Checkpoint, "tokenizer.json"),
            """{ "version": 1, "type": "char", "vocabulary": ["\n", "a", "b"], "prefix_token_id": 0, "eos_token_id": null }""");
        return golden;
    }

    private static string[] Cells(string row) => [.. row.Trim('|', ' ').Split('|').Select(cell => cell.Trim())];
}
