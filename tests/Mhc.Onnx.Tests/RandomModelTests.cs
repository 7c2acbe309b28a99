using CsCheck;
using Mhc.Testing;

namespace Mhc.Onnx.Tests;

/// <summary>Any configuration: the exported graph computes what the reference model does.</summary>
public class RandomModelTests
{
    private static readonly Gen<MhcConfig> Plain =
        from vocab in Gen.Int[2, 40]
        from block in Gen.Int[1, 12]
        from layers in Gen.Int[1, 3]
        from heads in Gen.Int[1, 4]
        from headSize in Gen.Int[(8 + heads - 1) / heads, 9]
        from bias in Gen.Bool
        select new MhcConfig
        {
            VocabSize = vocab,
            BlockSize = block,
            NLayer = layers,
            NHead = heads,
            NEmbd = heads * headSize, // At least 8: a LayerNorm over fewer turns rounding into differences that mean nothing.
            Bias = bias,
            Dropout = 0,
            Residual = ResidualMode.None,
        };

    private static readonly Gen<MhcConfig> Mhc =
        from config in Plain
        from projection in Gen.Enum<HResProjection>()
        from streams in projection == HResProjection.Kronecker ? Gen.OneOf(2, 4, 8) : Gen.Int[1, 5]
        from iterations in Gen.Int[1, 20]
        from tau in Gen.Double[0.05, 2]
        from coefficients in Gen.OneOf(new NewtonSchulzCoefficients(3, -3.2, 1.2), new(1.5, -0.5, 0))
        from beta in Gen.Double[0.1, 2]
        from identityMix in Gen.Bool
        from hPre in Gen.Enum<StreamMap>()
        from hPost in Gen.Enum<StreamMap>()
        select WithUsed(config with { Residual = ResidualMode.Mhc, Streams = streams, HRes = projection, HPre = hPre, HPost = hPost },
            iterations, tau, coefficients, beta, identityMix);

    private static readonly Gen<MhcConfig> Hc =
        from config in Plain
        from streams in Gen.Int[1, 4]
        from fracs in Gen.OneOf([.. new[] { 1, 2, 3 }.Where(fracs => config.NEmbd % fracs == 0 && config.NEmbd / fracs >= 4)])
        select config with { Residual = ResidualMode.Hc, Streams = streams, Fracs = fracs };

    private static readonly Gen<MhcConfig> MhcDynamic =
        from config in Plain
        from streams in Gen.Int[1, 5]
        from iterations in Gen.Int[1, 6]
        select config with { Residual = ResidualMode.MhcDynamic, Streams = streams, HResIters = iterations };

    private static readonly Gen<MhcConfig> Any =
        from config in Gen.Frequency((1, Plain), (4, Mhc), (2, Hc), (2, MhcDynamic))
        from values in Gen.Enum<ValueResidual>()
        from reduce in Gen.Enum<StreamReduce>()
        select config with
        {
            ValueResidual = values,
            StreamReduce = config.Residual == ResidualMode.None ? config.StreamReduce : reduce,
        };

    [Fact]
    public void LogitsAgreeWithTheReferenceModel() =>
        Gen.Select(Any, Gen.Enum<OnnxLayout>(), Gen.OneOf(17, 20, 23), Gen.Int[1, 3], Gen.Int[0, 1_000_000]).Sample((config, layout, opset, batch, seed) =>
        {
            using TemporaryFolder folder = Fixtures.Temporary();
            SyntheticCheckpoint.Write(folder.Path, config, seed, SmallLogits);
            Checkpoint checkpoint = Checkpoint.Open(folder.Path);
            Assert.Equal(config, checkpoint.Config);
            var reference = new ReferenceModel(checkpoint);
            using OrtModel model = OrtModel.Export(
                folder.Path, new OnnxExportOptions { Outputs = OnnxOutputs.Logits, Layout = layout, Opset = opset });
            int[][] tokens = Tokens(config, batch, seed);

            float[] logits = model.Logits(tokens);

            TensorAssert.Close($"{config}, {layout}, opset {opset}, seed {seed}",
                [.. tokens.SelectMany(sequence => reference.Logits(sequence).SelectMany(row => row))],
                TensorAssert.Doubles(logits), Tolerance.Logits);
        }, iter: 80);

    // Of the settings only those that the projection uses: config.json holds no other.
    private static MhcConfig WithUsed(
        MhcConfig config, int iterations, double tau, NewtonSchulzCoefficients coefficients, double beta, bool identityMix)
    {
        config = config.HRes switch
        {
            HResProjection.Sinkhorn => config with { HResIters = iterations, HResTau = tau },
            HResProjection.Orthostochastic => config with { NsSteps = 1 + iterations % 6, NsEps = 1e-5, NsCoeffs = coefficients },
            HResProjection.Circulant => config with { CirculantBeta = beta },
            _ => config,
        };
        return config with { IdentityMix = identityMix && config.HRes != HResProjection.Identity };
    }

    // The sum of five streams makes large logits, and the tolerance is absolute.
    private static void SmallLogits(string name, float[] values)
    {
        if (name == "lm_head.weight")
            for (int i = 0; i < values.Length; i++)
                values[i] *= 0.4f;
    }

    private static int[][] Tokens(MhcConfig config, int batch, int seed)
    {
        var random = new Random(seed);
        int length = random.Next(1, config.BlockSize + 1);
        return [.. Enumerable.Range(0, batch).Select(_ => Enumerable.Range(0, length).Select(_ => random.Next(config.VocabSize)).ToArray())];
    }
}
