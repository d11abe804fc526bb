using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>The tokens of Gemma's call syntax.</summary>
internal sealed class GemmaTags(string open, string close, string quote, string response)
{
    public string QuoteText { get; } = quote;

    public byte[] Open { get; } = Encoding.UTF8.GetBytes(open);

    public byte[] Close { get; } = Encoding.UTF8.GetBytes(close);

    public byte[] Quote { get; } = Encoding.UTF8.GetBytes(quote);

    public byte[] Response { get; } = Encoding.UTF8.GetBytes(response);
}
