using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using FastMlx.Api;
using FastMlx.Chat;

namespace FastMlx.Composition;

/// <summary>
/// Gathers, while an answer is written, what finds its tokens again when the client sends it back: the ids of its
/// calls,
/// the handle of its reasoning, its text. One answer, one task.
/// </summary>
internal sealed class AnswerMemory(IdSource ids) : IDisposable
{
    private readonly List<string> _calls = [];
    private readonly List<int> _sampled = [];
    private byte[] _text = [];
    private int _textLength;
    private string? _signature;

    /// <summary>Sampled ids, without the one that ended the answer.</summary>
    public int SampledCount => _sampled.Count;

    public IReadOnlyList<int> Sampled => _sampled;

    public void AddTokens(ReadOnlySpan<int> sampled) => _sampled.AddRange(sampled);

    public void AddText(ReadOnlySpan<byte> utf8)
    {
        int needed = _textLength + utf8.Length;
        if (needed > _text.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 4096));
            _text.AsSpan(0, _textLength).CopyTo(larger);
            Dispose();
            _text = larger;
        }

        utf8.CopyTo(_text.AsSpan(_textLength));
        _textLength = needed;
    }

    public void AddCall(string id, string name, string? wireId) => _calls.Add(id);

    /// <summary>The handle of this answer's reasoning: all its blocks are one answer, so they share it.</summary>
    public string Sign() => _signature ??= ids.Next("sig_");

    /// <summary>To be called before the client can send the answer back.</summary>
    public void Keep(ReplayMemory? replay, ChatPrompt prompt) => replay?.Remember(
        prompt,
        CollectionsMarshal.AsSpan(_sampled),
        _calls,
        _signature,
        _calls.Count == 0 ? Encoding.UTF8.GetString(_text, 0, _textLength) : null);

    public void Dispose()
    {
        if (_text.Length > 0)
            ArrayPool<byte>.Shared.Return(_text);
        _text = [];
    }
}
