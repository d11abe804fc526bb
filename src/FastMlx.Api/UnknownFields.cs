using System.Collections.Concurrent;

namespace FastMlx.Api;

/// <summary>
/// Counts the fields of requests that we do not know, by place and name ("messages.content.text.foo"). Any thread.
/// Holds at most <see cref="NamesMax"/> names, since clients invent them; the rest is counted under "…".
/// </summary>
public sealed class UnknownFields(Action<string>? firstSeen = null)
{
    public const int NamesMax = 256;
    private const int NameLengthMax = 128;

    private readonly ConcurrentDictionary<string, long> _counts = new();

    public IReadOnlyDictionary<string, long> Counts => _counts;

    internal void Add(string place, string name)
    {
        string key = Printable(place.Length == 0 ? name : place + "." + name);
        if (!_counts.ContainsKey(key) && _counts.Count >= NamesMax)
            key = "…";
        bool isFirst = false;
        _counts.AddOrUpdate(key, _ => { isFirst = true; return 1; }, (_, count) =>
            { isFirst = false; return count + 1; });
        if (isFirst)
            firstSeen?.Invoke(key);
    }

    private static string Printable(string key)
    {
        ReadOnlySpan<char> cut = key.AsSpan(0, Math.Min(key.Length, NameLengthMax));
        return string.Create(cut.Length, cut, static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++)
                span[i] = char.IsControl(from[i]) || char.IsSurrogate(from[i]) ? '?' : from[i];
        });
    }
}
