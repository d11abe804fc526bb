using System.Buffers;

namespace FastMlx.Api;

/// <summary>
/// Small answers of the responses routes. A stored response is answered with the object as it was written.
/// </summary>
public static class ResponseBody
{
    public static void WriteDeleted(IBufferWriter<byte> output, string id) =>
        output.Raw("{\"id\":"u8).Text(id).Raw(",\"object\":\"response\",\"deleted\":true}"u8);

    public static void WriteInputItems(IBufferWriter<byte> output, ResponsesRequest request)
    {
        output.Raw("{\"object\":\"list\",\"data\":["u8);
        for (int i = 0; i < request.InputItems.Count; i++)
            output.Raw(i == 0 ? ""u8 : ","u8).Json(request.InputItems[i]);
        output.Raw("],\"has_more\":false}"u8);
    }

    /// <summary>POST /v1/responses/input_tokens.</summary>
    public static void WriteInputTokens(IBufferWriter<byte> output, int inputTokens) =>
        output.Raw("{\"object\":\"response.input_tokens\",\"input_tokens\":"u8).Number(inputTokens).Raw("}"u8);
}
