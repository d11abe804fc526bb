using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>Counts rows and keeps the first failures, so that a red test names its cases.</summary>
internal sealed class Failures(string subject)
{
    private const int Shown = 12;

    private readonly List<string> _lines = [];
    private int _rows;
    private int _failed;

    public void Check<T>(T expected, T actual, string row)
    {
        _rows++;
        bool same = expected is int[] a && actual is int[] b ? a.AsSpan().SequenceEqual(b)
            : expected is string[] c && actual is string[] d ? c.AsSpan().SequenceEqual(d)
            : EqualityComparer<T>.Default.Equals(expected, actual);
        if (same)
            return;
        _failed++;
        if (_lines.Count < Shown)
            _lines.Add($"{row}: expected {Show(expected)}, was {Show(actual)}");
    }

    public void AssertNone()
    {
        Assert.True(_rows > 0, subject + ": no rows were checked.");
        Assert.True(_failed == 0, $"{subject}: {_rows - _failed}/{_rows}\n" + string.Join('\n', _lines));
    }

    private static string Show<T>(T value) => value switch
    {
        int[] ids => "[" + string.Join(',', ids.Take(60)) + "]",
        string[] pieces => string.Join('|', pieces.Take(40).Select(Escape)),
        string text => Escape(text),
        _ => value?.ToString() ?? "null",
    };

    private static string Escape(string text) =>
        System.Text.Json.JsonEncodedText.Encode(text.Length > 300 ? text[..300] : text).ToString();
}
