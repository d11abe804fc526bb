using System.Buffers;

namespace FastMlx.Api;

/// <summary>
/// The four parallel lists of the completions API: one entry for each token, in order. A token is told with the text
/// that reaches it; tokens behind a stop string never are.
/// </summary>
internal sealed class CompletionLogprobs
{
    private readonly record struct Entry(TokenLogprob Token, long Start, bool IsFirst);

    private readonly Queue<Entry> _entries = [];
    private long _tokenBytes; // of all tokens so far
    private long _textBytes;  // of all text so far
    private int _offset;      // in characters

    /// <summary>Entries that the text has reached.</summary>
    public bool IsEmpty => !_entries.TryPeek(out Entry first) || first.Start >= _textBytes;

    public void Add(TokenLogprob token) => Add(token, isFirst: false);

    /// <summary>The first token of an echoed prompt: nothing stands before it that it could follow from.</summary>
    public void AddFirst(TokenLogprob token) => Add(token, isFirst: true);

    public void AddText(int bytes) => _textBytes += bytes;

    /// <summary>The answer has ended: what waits for text is told too, unless a stop string cut it off.</summary>
    public void End(bool isCut)
    {
        if (!isCut)
            _textBytes = long.MaxValue;
    }

    public void WriteAndClear(IBufferWriter<byte> output)
    {
        List<Entry> told = [];
        while (!IsEmpty)
            told.Add(_entries.Dequeue());
        WriteList(output, "{\"tokens\":["u8, told, static (to, entry) => to.Text(NameOf(entry.Token)));
        WriteList(output, "],\"token_logprobs\":["u8, told, static (to, entry) =>
            WriteNumber(to, entry.IsFirst ? null : entry.Token.Logprob));
        WriteList(output, "],\"top_logprobs\":["u8, told, WriteTop);
        WriteList(output, "],\"text_offset\":["u8, told, WriteOffset);
        output.Raw("]}"u8);
    }

    private void Add(TokenLogprob token, bool isFirst)
    {
        _entries.Enqueue(new Entry(token, _tokenBytes, isFirst));
        _tokenBytes += token.IsHidden ? 0 : token.Bytes.Length;
    }

    private void WriteOffset(IBufferWriter<byte> output, Entry entry)
    {
        output.Number(_offset);
        _offset += entry.Token.IsHidden ? 0 : TokenText.Characters(entry.Token.Bytes.Span);
    }

    private static void WriteList(
        IBufferWriter<byte> output,
        ReadOnlySpan<byte> head,
        List<Entry> entries,
        Action<IBufferWriter<byte>, Entry> write)
    {
        output.Raw(head);
        for (int i = 0; i < entries.Count; i++)
            write(output.Raw(i == 0 ? ""u8 : ","u8), entries[i]);
    }

    // The token itself is among its alternatives, also where it is none of the best.
    private static void WriteTop(IBufferWriter<byte> output, Entry entry)
    {
        if (entry.IsFirst)
        {
            output.Raw("null"u8);
            return;
        }
        output.Raw("{"u8);
        var seen = new HashSet<string>();
        foreach (TokenLogprob other in entry.Token.Top.Append(entry.Token))
        {
            string text = NameOf(other);
            if (!seen.Add(text))
                continue;
            output.Raw(seen.Count == 1 ? ""u8 : ","u8).Text(text).Raw(":"u8);
            WriteNumber(output, other.Logprob);
        }
        output.Raw("}"u8);
    }

    private static string NameOf(TokenLogprob token) => TokenText.InCompletions(token.Bytes.Span);

    private static void WriteNumber(IBufferWriter<byte> output, float? logprob)
    {
        if (logprob is not { } value)
            output.Raw("null"u8);
        else
            output.Number(float.IsFinite(value) ? Math.Min(0, value) : TokenLogprob.Least);
    }
}
