using System.Runtime.InteropServices;

namespace FastMlx.Engine;

/// <summary>
/// What one row of a step asks for beside its sampling; the layout is <c>fm_adjust</c>'s (checked by a test), and its
/// meaning is written there. Ranges index the arrays of <see cref="StepAdjusts"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct StepAdjust
{
    public StepAdjust()
    {
    }

    /// <summary>Index of the row in its step; in rising order.</summary>
    public int Row;

    /// <summary>Ids whose logits are changed by the values at the same places; -infinity bans.</summary>
    public int BiasFirst;
    public int BiasCount;

    /// <summary>Tokens of the timeline for the penalties, the prompt's first.</summary>
    public int SeenFirst;
    public int SeenCount;
    public int SeenPrompt;

    /// <summary>The word of the mask where this row's bits begin: bit t of it allows token t; -1: all are.</summary>
    public int MaskFirst = -1;

    /// <summary>Ids whose log-probabilities behind the row's first tokens are wanted, with the best others.</summary>
    public int ScoreFirst;
    public int ScoreCount;
    public int ScoreTop;
    public float FrequencyPenalty;
    public float PresencePenalty;

    /// <summary>Above 0; 1 is off.</summary>
    public float RepetitionPenalty = 1;
    private readonly int _reserved;
}
