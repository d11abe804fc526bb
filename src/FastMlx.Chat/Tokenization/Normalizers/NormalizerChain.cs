namespace FastMlx.Chat.Tokenization;

/// <summary>All normalizers of a tokenizer in their order.</summary>
internal sealed class NormalizerChain(IReadOnlyList<TextNormalizer> steps)
{
    public bool IsEmpty => steps.Count == 0;

    /// <summary>
    /// The normal form of a stretch of text. It lives in <paramref name="source"/> itself when nothing changes, else in
    /// one of the scratch's two normal-form buffers, until the next call.
    /// </summary>
    public NormalText Normalize(byte[] source, int start, int end, ReadOnlySpan<byte> marks, EncodeScratch scratch)
    {
        var current = new NormalText(source, start, end, marks);
        ByteBuffer? held = null;
        foreach (TextNormalizer step in steps)
        {
            ByteBuffer target = ReferenceEquals(held, scratch.NormalFront) ? scratch.NormalBack : scratch.NormalFront;
            target.Clear(withMarks: !current.Marks.IsEmpty);
            ReadOnlySpan<byte> text = current.Text.AsSpan(current.Start, current.End - current.Start);
            if (!step.TryNormalize(text, current.Marks, target, scratch))
                continue;
            held = target;
            current = new NormalText(target.Array, 0, target.Length, target.Marks);
        }
        return current;
    }
}
