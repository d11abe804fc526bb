using System.Buffers;
using System.Text;

namespace FastMlx.Api;

/// <summary>Request fields in the complete form in which a response repeats them.</summary>
internal static class ResponseEcho
{
    public static string Tools(JsonValue tools)
    {
        var output = new ArrayBufferWriter<byte>();
        output.Raw("["u8);
        bool isFirst = true;
        foreach (JsonValue tool in tools.Items)
        {
            output.Raw(isFirst ? ""u8 : ","u8);
            isFirst = false;
            if (tool["type"u8].TextEquals("function"u8))
                WriteFunction(output, tool["function"u8].IsObject ? tool["function"u8] : tool);
            else
                output.Raw(tool.Raw);
        }
        output.Raw("]"u8);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static string Text(JsonValue text)
    {
        if (!text.IsObject)
            return "{\"format\":{\"type\":\"text\"}}";
        return text["format"u8].IsObject
            ? text.RawText
            : text["verbosity"u8].IsString
                ? $"{{\"format\":{{\"type\":\"text\"}},\"verbosity\":{text["verbosity"u8].RawText}}}"
                : "{\"format\":{\"type\":\"text\"}}";
    }

    public static string Reasoning(JsonValue reasoning) =>
        reasoning.IsObject
            ? $"{{\"effort\":{Or(reasoning["effort"u8])},\"summary\":{Or(reasoning["summary"u8])}}}"
            : "null";

    private static string Or(JsonValue value) => value.Exists ? value.RawText : "null";

    private static void WriteFunction(IBufferWriter<byte> output, JsonValue tool)
    {
        output.Raw("{\"type\":\"function\",\"name\":"u8);
        WriteOrNull(output, tool["name"u8]);
        output.Raw(",\"description\":"u8);
        WriteOrNull(output, tool["description"u8]);
        output.Raw(",\"parameters\":"u8);
        WriteOrNull(output, tool["parameters"u8]);
        output.Raw(",\"strict\":"u8).Boolean(tool["strict"u8].IsTrue).Raw("}"u8);
    }

    private static void WriteOrNull(IBufferWriter<byte> output, JsonValue value) =>
        output.Raw(value.Exists ? value.Raw : "null"u8);
}
