using System.Buffers;
using System.Globalization;

namespace FastMlx.Api;

/// <summary>
/// GET /v1/models and /v1/models/{id}: one object that is right in both APIs, since both ask the same path. Either
/// side's clients ignore the other's fields.
/// </summary>
public static class ModelsBody
{
    public static void WriteList(IBufferWriter<byte> output, IReadOnlyList<ModelEntry> all, in ModelPage page)
    {
        IReadOnlyList<ModelEntry> models = page.Cut(all, model => model.Id, out bool hasMore);
        output.Raw("{\"object\":\"list\",\"data\":["u8);
        for (int i = 0; i < models.Count; i++)
        {
            if (i > 0)
                output.Raw(","u8);
            WriteOne(output, models[i]);
        }
        output.Raw("],\"has_more\":"u8).Boolean(hasMore)
            .Raw(",\"first_id\":"u8).Text(models.Count > 0 ? models[0].Id : null)
            .Raw(",\"last_id\":"u8).Text(models.Count > 0 ? models[^1].Id : null)
            .Raw("}"u8);
    }

    public static void WriteOne(IBufferWriter<byte> output, ModelEntry model)
    {
        output.Raw("{\"type\":\"model\",\"id\":"u8).Text(model.Id)
            .Raw(",\"display_name\":"u8).Text(model.DisplayName);
        if (model.Description is not null)
            output.Raw(",\"description\":"u8).Text(model.Description);
        output.Raw(",\"created_at\":"u8).Text(Rfc3339(model.CreatedAt))
            .Raw(",\"max_input_tokens\":"u8).Number(model.ContextTokens)
            .Raw(",\"max_tokens\":"u8).Number(model.OutputTokens)
            .Raw(",\"capabilities\":"u8);
        WriteCapabilities(output, model);
        output.Raw(",\"object\":\"model\",\"created\":"u8).Number(model.CreatedAt.ToUnixTimeSeconds())
            .Raw(",\"owned_by\":\"fastmlx\",\"max_model_len\":"u8).Number(model.ContextTokens).Raw("}"u8);
    }

    public static string Rfc3339(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static void WriteCapabilities(IBufferWriter<byte> output, ModelEntry model)
    {
        output.Raw("{"u8);
        Write(output, "batch"u8, true).Raw(","u8);
        Write(output, "citations"u8, false).Raw(","u8);
        Write(output, "code_execution"u8, false).Raw(",\"context_management\":{\"supported\":true,"u8);
        Write(output, "clear_tool_uses_20250919"u8, true).Raw(","u8);
        Write(output, "clear_thinking_20251015"u8, true).Raw(",\"compact_20260112\":null},"u8)
            .Raw("\"effort\":{\"supported\":true"u8);
        foreach (string effort in (string[])["low", "medium", "high", "xhigh", "max"])
            Write(output.Raw(","u8), System.Text.Encoding.UTF8.GetBytes(effort), true);
        output.Raw("},"u8);
        Write(output, "image_input"u8, model.CanSee).Raw(","u8);
        Write(output, "pdf_input"u8, true).Raw(","u8);
        Write(output, "structured_outputs"u8, true)
            .Raw(",\"thinking\":{\"supported\":"u8).Boolean(model.CanThink).Raw(",\"types\":{"u8);
        Write(output, "adaptive"u8, model.CanThink).Raw(","u8);
        Write(output, "enabled"u8, model.CanThink).Raw("}}}"u8);
    }

    private static IBufferWriter<byte> Write(IBufferWriter<byte> output, ReadOnlySpan<byte> name, bool isSupported) =>
        output.Raw("\""u8).Raw(name).Raw("\":{\"supported\":"u8).Boolean(isSupported).Raw("}"u8);
}
