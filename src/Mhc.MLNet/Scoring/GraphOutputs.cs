using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>What one run of the scoring graph gave: of the scored positions of all its windows, one after the other.</summary>
internal readonly ref struct GraphOutputs
{
    /// <param name="names">Those that were asked for.</param>
    /// <param name="values">In the order of the names; they outlive this.</param>
    public GraphOutputs(IEnumerable<string> names, IEnumerable<OrtValue> values)
    {
        foreach ((string name, OrtValue value) in names.Zip(values))
        {
            switch (name)
            {
                case ScoringOutputs.LogProbs:
                    LogProbs = value.GetTensorDataAsSpan<float>();
                    break;
                case ScoringOutputs.Ranks:
                    Ranks = value.GetTensorDataAsSpan<long>();
                    break;
                case ScoringOutputs.Entropies:
                    Entropies = value.GetTensorDataAsSpan<float>();
                    break;
                case ScoringOutputs.TopIds:
                    TopIds = value.GetTensorDataAsSpan<long>();
                    TopK = (int)value.GetTensorTypeAndShape().Shape[1];
                    break;
                case ScoringOutputs.TopLogProbs:
                    TopLogProbs = value.GetTensorDataAsSpan<float>();
                    break;
                default:
                    Hidden = value.GetTensorDataAsSpan<float>();
                    break;
            }
        }
    }

    /// <value>(P)</value>
    public ReadOnlySpan<float> LogProbs { get; }

    /// <value>(P); empty where not asked for, as the others.</value>
    public ReadOnlySpan<long> Ranks { get; }

    /// <value>(P)</value>
    public ReadOnlySpan<float> Entropies { get; }

    /// <value>K</value>
    public int TopK { get; }

    /// <value>(P, K)</value>
    public ReadOnlySpan<long> TopIds { get; }

    /// <value>(P, K)</value>
    public ReadOnlySpan<float> TopLogProbs { get; }

    /// <value>(B, T, C)</value>
    public ReadOnlySpan<float> Hidden { get; }
}
