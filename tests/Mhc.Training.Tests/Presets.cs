using static System.FormattableString;

namespace Mhc.Training.Tests;

/// <summary>Presets state their arithmetic, and what they state is so.</summary>
public class Presets
{
    private const int CharactersOfShakespeare = 65, Bytes = 256;
    private static readonly string[] Designs = ["baseline", "hc", "mhc-parity", "mhc", "vres", "vres-mhc", "cvres-mhc"];
    private static readonly string[] Names =
    [
        .. Designs.Select(design => $"fineweb-48x150-{design}"), .. Designs.Select(design => $"fineweb-6x288-{design}"),
        "shakespeare-char-baseline", "shakespeare-char-hc", "shakespeare-char-mhc", "smoke",
    ];

    public static TheoryData<string> All => [.. Names];

    [Fact]
    public void AreThese() =>
        Assert.Equal(Names.Order(StringComparer.Ordinal), RunSettings.Presets.Select(preset => preset.Name));

    [Theory, MemberData(nameof(All))]
    public void StateTheirArithmetic(string name)
    {
        RunSettings settings = RunSettings.Resolve(name);
        TrainingOptions training = settings.Training;
        int characters = training.Tokenizer == TokenizerKind.Char ? CharactersOfShakespeare : Bytes;
        MhcConfig model = settings.HasVocabSize ? settings.Model : settings.Model with { VocabSize = characters };
        long parameters = ParameterTable.Of(model).Sum(parameter => parameter.Elements);
        int tokens = training.BatchSize * training.GradAccum * model.BlockSize;
        double millions = (double)tokens * training.MaxIters / 1e6;
        string batch = training.GradAccum == 1 ? $"{training.BatchSize}" : $"{training.BatchSize} x {training.GradAccum}";

        string description = RunSettings.Presets.Single(preset => preset.Name == name).Description;

        Assert.All(
            [
                Invariant($"C={model.NEmbd}, "), Invariant($": {parameters:n0} parameters"),
                Invariant($"; {training.MaxIters:n0} updates of {tokens:n0} tokens ({batch} x {model.BlockSize:n0}) are "),
                Invariant($" are {(millions < 10 ? Invariant($"{millions:f1}") : Invariant($"{millions:n0}"))} million"),
            ],
            part => Assert.Contains(part, description, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("fineweb-6x288-", 327.68)]
    [InlineData("fineweb-48x150-", 1048.576)]
    [InlineData("shakespeare-char-", 81.92)]
    public void OfOneSizeDifferInTheDesignAlone(string size, double millions)
    {
        RunSettings[] settings =
            [.. Names.Where(name => name.StartsWith(size, StringComparison.Ordinal)).Select(name => RunSettings.Resolve(name))];

        Assert.All(settings, preset => Assert.Equal(settings[0].Training, preset.Training));
        Assert.All(settings, preset => Assert.Equal(Plain(settings[0].Model), Plain(preset.Model)));
        Assert.Equal(settings.Length, settings.Select(preset => preset.Model).Distinct().Count());
        TrainingOptions training = settings[0].Training;
        Assert.Equal(millions, training.BatchSize * training.GradAccum * settings[0].Model.BlockSize * (double)training.MaxIters / 1e6, 6);
    }

    [Theory]
    [InlineData("baseline", ResidualMode.None, ValueResidual.None)]
    [InlineData("hc", ResidualMode.Hc, ValueResidual.None)]
    [InlineData("mhc-parity", ResidualMode.Mhc, ValueResidual.None)]
    [InlineData("mhc", ResidualMode.Mhc, ValueResidual.None)]
    [InlineData("vres", ResidualMode.None, ValueResidual.Free)]
    [InlineData("vres-mhc", ResidualMode.Mhc, ValueResidual.Free)]
    [InlineData("cvres-mhc", ResidualMode.Mhc, ValueResidual.Constrained)]
    public void AreCalledAfterTheirDesign(string design, ResidualMode residual, ValueResidual valueResidual) =>
        Assert.All(Names.Where(name => name.EndsWith($"-{design}", StringComparison.Ordinal) && name.Split('-', 3)[^1] == design), name =>
        {
            MhcConfig model = RunSettings.Resolve(name).Model;
            Assert.Equal((residual, valueResidual), (model.Residual, model.ValueResidual));
            if (residual != ResidualMode.None)
                Assert.Equal(4, model.Streams);
            if (residual == ResidualMode.Mhc)
            {
                Assert.Equal(design == "mhc-parity" ? (Initialization.Parity, 0.05, 10) : (Initialization.Live, 1, 20),
                    (model.Init, model.HResTau, model.HResIters));
            }
        });

    private static MhcConfig Plain(MhcConfig model) => new()
    {
        VocabSize = model.VocabSize,
        BlockSize = model.BlockSize,
        NLayer = model.NLayer,
        NHead = model.NHead,
        NEmbd = model.NEmbd,
        Bias = model.Bias,
        Dropout = model.Dropout,
    };
}
