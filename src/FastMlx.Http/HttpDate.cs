using System.Text;

namespace FastMlx.Http;

/// <summary>The Date header's value, formatted once a second at most. Any thread.</summary>
internal sealed class HttpDate(TimeProvider time)
{
    private Entry _entry = new(long.MinValue, []);

    public ReadOnlySpan<byte> Now()
    {
        DateTimeOffset now = time.GetUtcNow();
        long second = now.ToUnixTimeSeconds();
        Entry entry = Volatile.Read(ref _entry);
        if (entry.Second != second)
        {
            string text = now.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
            entry = new Entry(second, Encoding.ASCII.GetBytes(text));
            Volatile.Write(ref _entry, entry);
        }
        return entry.Text;
    }

    private sealed record Entry(long Second, byte[] Text);
}
