using System.IO.Compression;
using System.Xml.Linq;
using Mhc.MLNet;
using Mhc.Onnx;
using Mhc.Testing;

namespace Mhc.Integration.Tests;

/// <summary>
/// Programs outside the solution that reference the packages as a user does. Everything else comes from the packages that the solution was
/// restored with: nothing is downloaded.
/// </summary>
public sealed class PackageConsumers(PackageConsumers.Packages packages) : IClassFixture<PackageConsumers.Packages>
{
    private static readonly string[] Names = ["Mhc.Onnx", "Mhc.MLNet", "Mhc.Training"];

    [Fact]
    public void ScoreTextInTenLines()
    {
        const string program = """
            using Mhc.MLNet;
            using Microsoft.ML;
            using Microsoft.ML.Data;

            var mlContext = new MLContext();
            IDataView lines = mlContext.Data.LoadFromEnumerable(args[1..].Select(text => new Line(text)));
            using var model = mlContext.ScoreMhc(new MhcScoringOptions { ModelPath = args[0] }).Fit(lines);
            foreach (float bits in model.Transform(lines).GetColumn<float>("BitsPerByte"))
                Console.WriteLine(bits.ToString("r", System.Globalization.CultureInfo.InvariantCulture));
            record Line(string Text);
            """;
        using TemporaryFolder folder = Fixtures.Temporary();
        OnnxExporter.Export(TrainedFolder(folder["checkpoint"]), folder["model.onnx"]);
        string[] texts = ["hello", "what is this?", ""];

        string output = packages.Run(folder["scorer"], program, ["Mhc.MLNet", "Microsoft.ML.OnnxRuntime"], [folder["model.onnx"], .. texts]);

        using var scorer = new MhcScorer(folder["model.onnx"]);
        Assert.Equal(scorer.Score(texts).Select(score => FormattableString.Invariant($"{(float)score.BitsPerByte:r}")),
            output.TrimEnd().Split('\n'));
    }

    [Fact]
    public void TrainAndExport()
    {
        const string program = """
            using Mhc.Onnx;
            using Mhc.Training;

            TextDataset text = TextDataset.FromText(string.Concat(Enumerable.Range(0, 200).Select(i => $"line {i} of many\n")));
            var config = new MhcConfig { VocabSize = text.Tokenizer.VocabSize, BlockSize = 16, NLayer = 1, NHead = 2, NEmbd = 16 };
            var options = new TrainingOptions { BatchSize = 2, MaxIters = 5, EvalInterval = 5, EvalIters = 1 };
            TrainingResult trained = Trainer.Train(config, options, text, Path.Combine(args[0], "run"));
            Console.WriteLine(OnnxExporter.Export(trained.BestFolder, Path.Combine(args[0], "model.onnx")).Path);
            """;
        using TemporaryFolder folder = Fixtures.Temporary();

        string output = packages.Run(folder["trainer"], program, ["Mhc.Training", "Mhc.Onnx", "TorchSharp-cpu"], [folder.Path]);

        Assert.EndsWith(folder["model.onnx"], output.TrimEnd(), StringComparison.Ordinal);
        using var scorer = new MhcScorer(folder["model.onnx"]);
        Assert.Equal(4, scorer.Score("line").TokenCount);
    }

    [Fact]
    public void FindWhatAPackageIs()
    {
        foreach (string name in Names)
        {
            using ZipArchive package = ZipFile.OpenRead(Directory.GetFiles(packages.Feed, $"{name}.*.nupkg").Single());
            using Stream nuspec = package.GetEntry($"{name}.nuspec")!.Open();
            Dictionary<string, XElement> metadata = XDocument.Load(nuspec).Root!.Elements().Single().Elements()
                .ToDictionary(element => element.Name.LocalName);
            Assert.Equal("Apache-2.0", metadata["license"].Value);
            Assert.Equal("git", metadata["repository"].Attribute("type")!.Value);
            Assert.All((string[])["authors", "description", "tags"], key => Assert.NotEmpty(metadata[key].Value));
            Assert.NotNull(package.GetEntry(metadata["readme"].Value));
            Assert.NotNull(package.GetEntry($"lib/net10.0/{name}.xml"));
        }
    }

    // A checkpoint that has a tokenizer.
    private static string TrainedFolder(string folder)
    {
        using var model = new Training.MhcModel(
            new() { VocabSize = 256, BlockSize = 32, NLayer = 1, NHead = 2, NEmbd = 16 }, seed: 1, TorchSharp.torch.CPU);
        model.Save(folder);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), Training.TextTokenizer.Byte().ToJson());
        return folder;
    }

    /// <summary>The three packages in a folder, packed from what this test was built with.</summary>
    public sealed class Packages : IDisposable
    {
        private readonly TemporaryFolder _folder = Fixtures.Temporary();

        public Packages() => Array.ForEach(Names, name => MustRun("dotnet", "pack", Path.Combine(Fixtures.Repository, "src", name),
            "--no-build", "-c", Configuration, "-o", Feed, "-nologo"));

        public string Feed => _folder["feed"];

        /// <summary>Makes a project of a program, builds and runs it.</summary>
        public string Run(string project, string program, string[] references, string[] arguments)
        {
            Directory.CreateDirectory(project);
            File.WriteAllText(Path.Combine(project, "Program.cs"), program);
            File.WriteAllText(Path.Combine(project, "Consumer.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <OutputType>Exe</OutputType>
                    <TargetFramework>net10.0</TargetFramework>
                    <ImplicitUsings>enable</ImplicitUsings>
                    <UseCurrentRuntimeIdentifier>true</UseCurrentRuntimeIdentifier>
                    <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
                    <!-- Ours from the folder, the others from where they are already. -->
                    <RestoreSources>{Feed}</RestoreSources>
                    <RestorePackagesPath>{_folder["packages"]}</RestorePackagesPath>
                    <RestoreFallbackFolders>{GlobalPackages}</RestoreFallbackFolders>
                  </PropertyGroup>
                  <ItemGroup>
                    {string.Concat(references.Select(name => $"""<PackageReference Include="{name}" Version="{Version(name)}" />"""))}
                  </ItemGroup>
                </Project>
                """);
            MustRun("dotnet", "build", project, "-c", "Release", "-o", Path.Combine(project, "out"), "-nologo");
            return MustRun("dotnet", [Path.Combine(project, "out", "Consumer.dll"), .. arguments]);
        }

        public void Dispose() => _folder.Dispose();

        // …/artifacts/bin/Mhc.Integration.Tests/release/
        private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Name;

        private static string GlobalPackages { get; } =
            MustRun("dotnet", "nuget", "locals", "global-packages", "--list").Trim().Split(": ", 2)[1];

        private string Version(string name) => Names.Contains(name)
            ? Path.GetFileNameWithoutExtension(Directory.GetFiles(Feed, $"{name}.*.nupkg").Single())[(name.Length + 1)..]
            : XDocument.Load(Path.Combine(Fixtures.Repository, "Directory.Packages.props")).Descendants("PackageVersion")
                .Single(package => package.Attribute("Include")!.Value == name).Attribute("Version")!.Value;

        private static string MustRun(string program, params string[] arguments)
        {
            CommandLineTool.Result result = CommandLineTool.Run(program, arguments);
            Assert.True(result.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {result.ExitCode}: "
                + result.Output + result.Error);
            return result.Output;
        }
    }
}
