using FastMlx.Chat.Output;

namespace FastMlx.Tests.Chat.Output;

/// <summary>A vocabulary of given texts: id i is the i-th.</summary>
internal sealed class FakeTextDecoder(params string[] tokens) : ITokenTextDecoder
{
    private readonly byte[][] _tokens = [.. tokens.Select(System.Text.Encoding.UTF8.GetBytes)];

    public ReadOnlySpan<byte> Decode(int id) => _tokens[id];

    public ReadOnlySpan<byte> Flush() => [];
}
