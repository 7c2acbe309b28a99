namespace Mhc.Training;

/// <summary>
/// Dynamic loss scaling (arXiv:1710.03740): gradients of float16 are made larger by a power of two, which falls when one overflows and
/// rises again after a while without. In the other types the scale is 1 and stays so.
/// </summary>
internal sealed class LossScaler(TrainingDtype dtype)
{
    private const double Highest = 1 << 24, Lowest = 1.0 / (1 << 10);
    private const int Patience = 1000;
    private readonly bool _isActive = dtype == TrainingDtype.Float16;

    /// <summary>What the loss is multiplied by.</summary>
    public double Scale { get; set; } = dtype == TrainingDtype.Float16 ? 1 << 16 : 1;

    /// <summary>Updates since the scale last changed.</summary>
    public int Updates { get; set; }

    /// <summary>
    /// Whether a gradient of this norm makes an update. One that overflowed does not, and has lowered the scale for the next try.
    /// </summary>
    public bool Accept(double norm)
    {
        if (!_isActive)
            return true;
        bool isFinite = double.IsFinite(norm);
        if (!isFinite && Scale <= Lowest)
            return true; // No scale helps: the loss itself has left the numbers.
        Updates++;
        if (isFinite && Updates < Patience)
            return true;
        Scale = isFinite ? Math.Min(Highest, 2 * Scale) : Scale / 2;
        Updates = 0;
        return isFinite;
    }
}
