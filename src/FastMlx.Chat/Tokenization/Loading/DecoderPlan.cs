namespace FastMlx.Chat.Tokenization;

/// <summary>How to make a decode chain; every stream gets its own, since steps hold state.</summary>
internal sealed class DecoderPlan(IReadOnlyList<Func<DecodeStep>> steps)
{
    /// <summary>The first step of a new chain that ends in <paramref name="sink"/>.</summary>
    public DecodeStep Create(DecodeSink sink)
    {
        DecodeStep next = sink;
        for (int i = steps.Count - 1; i >= 0; i--)
        {
            DecodeStep step = steps[i]();
            step.Next = next;
            next = step;
        }
        return next;
    }
}
