using System.Text;
using FastMlx.Http;
using Xunit;

namespace FastMlx.Tests.Http;

public sealed class LimitTests
{
    [Theory]
    [InlineData(99, "GET /\n")]
    [InlineData(100, "reject 431 There are more than 100 fields.\n")]
    public void Head_MayHaveAHundredFields(int others, string expected)
    {
        string fields = string.Concat(Enumerable.Range(0, others).Select(i => $"X-{i}: {i}\r\n"));
        Assert.Equal(expected, Run($"GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n"));
    }

    [Theory]
    [InlineData(0, "GET /\n")]
    [InlineData(1, "reject 431 The fields are longer than 32768 bytes.\n")]
    public void Head_MayHave32KiBOfFields(int over, string expected)
    {
        const string First = "Host: h\r\n";
        string last = "X: " + new string('x', 32 * 1024 - First.Length - 5 + over) + "\r\n";
        Assert.Equal(expected, Run($"GET / HTTP/1.1\r\n{First}{last}\r\n"));
    }

    [Fact]
    public void Limits_AreThoseOfTheDesign()
    {
        var limits = new HttpLimits();
        Assert.Equal((8192, 32768, 100), (limits.RequestLineBytes, limits.HeaderBytes, limits.HeaderCount));
        Assert.Equal((33_554_432, 256, 16), (limits.BodyBytes, limits.ChunkLineBytes, limits.ChunkSizeDigits));
        Assert.Equal((8192, 512), (limits.TrailerBytes, limits.Connections));
        Assert.Equal((65_536, 262_144), (limits.InputBufferBytes, limits.OutputBufferBytes));
        Assert.Equal(67_108_864, limits.LingerBytes);
    }

    private static string Run(string text) => ParserDriver.Run(Encoding.Latin1.GetBytes(text));
}
