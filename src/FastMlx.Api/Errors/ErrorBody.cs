using System.Buffers;

namespace FastMlx.Api;

/// <summary>The two error envelopes.</summary>
public static class ErrorBody
{
    /// <summary>{"type":"error","error":{…},"request_id":…}: all routes but OpenAI's.</summary>
    public static void WriteAnthropic(IBufferWriter<byte> output, ApiError error, string requestId) =>
        output.Raw("{\"type\":\"error\",\"error\":{\"type\":"u8).Text(error.Type)
            .Raw(",\"message\":"u8).Text(error.Message)
            .Raw("},\"request_id\":"u8).Text(requestId).Raw("}"u8);

    /// <summary>{"error":{"message","type","param","code"}}: OpenAI's routes, and a chunk of its streams.</summary>
    public static void WriteOpenAi(IBufferWriter<byte> output, ApiError error) =>
        output.Raw("{\"error\":{\"message\":"u8).Text(error.OpenAiMessage ?? error.Message)
            .Raw(",\"type\":"u8).Text(error.OpenAiType)
            .Raw(",\"param\":"u8).Text(error.Param)
            .Raw(",\"code\":"u8).Text(error.Code).Raw("}}"u8);
}
