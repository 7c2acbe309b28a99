namespace Mhc.Testing;

/// <summary>
/// Largest absolute difference from the reference, by what is compared. Two versions of PyTorch on the same weights differ by about
/// a quarter of the float32 rows. There are no exceptions for single cases.
/// </summary>
public static class Tolerance
{
    /// <summary>Logits and loss in double precision against the reference's in double precision.</summary>
    public const double Float64 = 1e-10;

    /// <summary>float32 logits and log-probabilities.</summary>
    public const double Logits = 2e-5;

    /// <summary>Logits of one model in two layouts of its graph.</summary>
    public const double Layouts = 1e-5;

    /// <summary>
    /// Logits of models with other weights or types than float32, by the precision's name: the root mean square of their difference from
    /// the reference's, over that of the reference's logits. About twice the worst of the golden models, whose weights are noise that
    /// amplifies every error; docs/precision.md has what it means for trained ones.
    /// </summary>
    public static double LogitsIn(string precision) => precision switch
    {
        "Float16Weights" or "Float16" => 2e-3,
        "Int8" => 0.05,
        "Int4" => 0.6,
        _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, "Expected a precision other than Float32."),
    };

    /// <summary>float32 losses: one batch's, and those of the steps after it.</summary>
    public const double Loss = 5e-6;

    /// <summary>float32 gradients.</summary>
    public const double Gradient = 5e-6;

    /// <summary>float32 parameters after three AdamW steps, where the first gradient exceeds <see cref="NoiseGradient"/>.</summary>
    public const double Step3 = 2e-5;

    /// <summary>
    /// AdamW turns gradients below this, which are rounding noise, into whole steps: what it does with them is no one's to say.
    /// </summary>
    public const double NoiseGradient = 1e-5;

    /// <summary>float32 projections of H_res from logits of ordinary size.</summary>
    public const double Projection = 2e-6;

    /// <summary>
    /// float32 projections from any logits: the exponent is rounded in proportion to its size, two units in the last place here.
    /// </summary>
    public static double ProjectionOf(IEnumerable<double> logits, double tau) => Math.Max(Projection, 2.4e-7 * logits.Max(Math.Abs) / tau);

    /// <summary>Gradients of a projection with respect to its logits: the projection's own, divided by tau as the logits are.</summary>
    public static double ProjectionGradient(double projection, double tau) => projection / tau;

    /// <summary>float32 gradient norms over all parameters.</summary>
    public const double GradientNorm = 2e-5;

    /// <summary>Losses of a replayed training run.</summary>
    public const double LearningCurve = 1e-3;
}
