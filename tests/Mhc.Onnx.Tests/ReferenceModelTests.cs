using Mhc.Testing;

namespace Mhc.Onnx.Tests;

public class ReferenceModelTests
{
    private readonly ReferenceModel _model = new(Checkpoint.Open(Fixtures.Folder("mhc-tiny")));

    [Fact]
    public void ProbabilitiesSumToOne()
    {
        int[] tokens = [4, 0, 22];
        double[] sums = [0, 0, 0];
        for (int target = 0; target < 23; target++)
            foreach ((int t, double logprob) in _model.LogProbabilities(tokens, [target, target, target]).Index())
                sums[t] += Math.Exp(logprob);

        Assert.All(sums, sum => Assert.Equal(1, sum, 1e-12));
    }

    [Fact]
    public void LossIsTheMeanNegativeLogProbability()
    {
        int[] tokens = [4, 0, 22], targets = [0, 22, 9];

        Assert.Equal(-_model.LogProbabilities(tokens, targets).Average(), _model.Loss([(tokens, targets)]), 1e-15);
    }

    [Theory]
    [InlineData(new int[0], "There are 0 tokens; expected 1 to 11. (Parameter 'tokens')")]
    [InlineData(new[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, "There are 12 tokens; expected 1 to 11. (Parameter 'tokens')")]
    [InlineData(new[] { 1, 23 }, "Token id 23 is not in the vocabulary; expected 0 to 22. (Parameter 'tokens')")]
    public void TokensThatDoNotFitAreRefused(int[] tokens, string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => _model.Logits(tokens)).Message);
}
