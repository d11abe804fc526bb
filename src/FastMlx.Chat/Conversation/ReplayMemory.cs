using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace FastMlx.Chat;

/// <summary>
/// Remembers answers token by token, because clients send them back re-spelled (key order, defaults, white space) and
/// because ids are not a function of text. A prompt whose history holds a remembered answer contains exactly the
/// sampled tokens there, so that it extends what the engine has computed. Bounded; the oldest answers are forgotten
/// first. Any thread.
/// </summary>
public sealed class ReplayMemory(long maxTokens = ReplayMemory.DefaultMaxTokens)
{
    /// <summary>32 MiB of ids.</summary>
    public const long DefaultMaxTokens = 8L * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ReplayEntry> _entries = [];
    private readonly Queue<(string Key, ReplayEntry Entry)> _age = new();
    private long _tokens;

    /// <summary>Ids that are held, counted once for each key.</summary>
    public long TokenCount
    {
        get
        {
            lock (_lock)
                return _tokens;
        }
    }

    /// <summary>To be called once an answer is complete, before the client can send it back.</summary>
    /// <param name="prompt">What was answered.</param>
    /// <param name="sampled">All ids after the prompt, without the one that ended the answer.</param>
    /// <param name="callIds">The ids that the client got for the answer's calls.</param>
    /// <param name="signature">The handle that the client got with the reasoning, or null.</param>
    /// <param name="text">The visible text of an answer without calls, or null.</param>
    public void Remember(
        ChatPrompt prompt, ReadOnlySpan<int> sampled, IReadOnlyList<string> callIds, string? signature, string? text)
    {
        if (sampled.Length == 0)
            return;
        var entry = new ReplayEntry(
            sampled.ToArray(), prompt.Scaffold, prompt.Tokens.Length, TokenHash.Of(prompt.Tokens));
        lock (_lock)
        {
            foreach (string id in callIds)
                Add("call " + id, entry);
            if (!string.IsNullOrEmpty(signature))
                Add("signature " + signature, entry);
            if (!string.IsNullOrEmpty(text) && callIds.Count == 0)
                Add(KeyOf(text), entry with { NeedsSamePrompt = true });
        }
    }

    internal bool TryFind(PromptMessage answer, [NotNullWhen(true)] out ReplayEntry? entry)
    {
        lock (_lock)
        {
            if (answer.AnswerCallIds.Count > 0)
                return _entries.TryGetValue("call " + answer.AnswerCallIds[0], out entry) && AllAre(answer, entry);
            if (answer.Signature.Length > 0 && _entries.TryGetValue("signature " + answer.Signature, out entry))
                return true;
            return _entries.TryGetValue(KeyOf(answer.Text), out entry);
        }
    }

    // A client may drop or add calls; then the tokens say something else than the message.
    private bool AllAre(PromptMessage answer, ReplayEntry entry)
    {
        foreach (string id in answer.AnswerCallIds)
        {
            if (!_entries.TryGetValue("call " + id, out ReplayEntry? other) || !ReferenceEquals(other, entry))
                return false;
        }

        return true;
    }

    private void Add(string key, ReplayEntry entry)
    {
        if (_entries.TryGetValue(key, out ReplayEntry? old))
            _tokens -= old.Tokens.Length;
        _entries[key] = entry;
        _tokens += entry.Tokens.Length;
        _age.Enqueue((key, entry));
        while (_tokens > maxTokens && _age.TryDequeue(out (string Key, ReplayEntry Entry) oldest))
        {
            if (!_entries.TryGetValue(oldest.Key, out ReplayEntry? held) || !ReferenceEquals(held, oldest.Entry))
                continue;
            _entries.Remove(oldest.Key);
            _tokens -= held.Tokens.Length;
        }
    }

    private static string KeyOf(string text) =>
        "text " + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)), 0, 16);
}
