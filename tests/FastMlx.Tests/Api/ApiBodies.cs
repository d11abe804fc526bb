using System.Text;
using FastMlx.Api;
using Xunit;

namespace FastMlx.Tests.Api;

/// <summary>Short ways to read bodies.</summary>
internal static class ApiBodies
{
    public const string Hi = "[{\"role\":\"user\",\"content\":\"hi\"}]";

    public static string Message(string extra = "", string messages = Hi) =>
        $"{{\"model\":\"m\",\"max_tokens\":100,{extra}\"messages\":{messages}}}";

    public static MessagesRequest Read(string body, bool isStrict = false)
    {
        bool isRead = MessagesReader.TryRead(
            Encoding.UTF8.GetBytes(body), new ReaderOptions { Strict = isStrict }, out MessagesRequest? request, out ApiError? error);
        Assert.True(isRead, error?.Message);
        return request!;
    }

    public static ApiError Refuse(string body, bool isStrict = false)
    {
        bool isRead = MessagesReader.TryRead(
            Encoding.UTF8.GetBytes(body), new ReaderOptions { Strict = isStrict }, out _, out ApiError? error);
        Assert.False(isRead, "the body was read: " + body);
        return error!;
    }

    public static string Text(Action<System.Buffers.IBufferWriter<byte>> write)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
