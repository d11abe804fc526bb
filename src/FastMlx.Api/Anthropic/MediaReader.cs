using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Images, documents and search results. What has a text becomes that text; the rest becomes a note, since a refusal
/// would end the turn and the block would stay in the client's history.
/// </summary>
internal sealed class MediaReader(ReadContext context, string model)
{
    public void Read(JsonValue block, string type, string path, List<ContentPart> parts)
    {
        path += "." + type;
        string[] known = type switch
        {
            "image" => KnownFields.Image,
            "document" => KnownFields.Document,
            _ => KnownFields.SearchResult,
        };
        context.CheckNames(block, path, "messages.content." + type, known);
        if (type == "search_result")
        {
            ReadSearchResult(block, parts);
            return;
        }
        JsonValue source = block["source"u8];
        if (!source.IsObject)
            context.Wrong(path + ".source", source, "Input should be a valid dictionary");
        else if (type == "image")
            ReadImage(source, path, parts);
        else
            ReadDocument(block, source, path, parts);
    }

    private void ReadImage(JsonValue source, string path, List<ContentPart> parts)
    {
        if (context.IsStrict)
            context.Problems.Add(path[..path.LastIndexOf('.')], $"image input is not supported by model {model}");
        string mediaType = source["media_type"u8].TextOrNull ?? "image";
        parts.Add(new MediaPart(mediaType, $"[image omitted: model {model} has no vision]"));
    }

    private void ReadDocument(JsonValue block, JsonValue source, string path, List<ContentPart> parts)
    {
        string head = Head(block);
        switch (source["type"u8].TextOrNull)
        {
            case "text":
                AddText(head, context.RequiredText(source, "data"u8, path + ".source.text.data"), parts);
                break;
            case "content":
                ReadNested(source["content"u8], head, path + ".source.content", parts);
                break;
            case "base64":
                ReadBase64(source, head, path + ".source.base64.data", parts);
                break;
            case { } kind:
                string where = source["url"u8].TextOrNull ?? source["file_id"u8].TextOrNull ?? kind;
                parts.Add(
                    new MediaPart("document", $"{head}[document omitted: {where} cannot be fetched by this server]"));
                break;
            case null:
                context.Problems.Add(path + ".source.type", "Field required");
                break;
        }
    }

    private void ReadBase64(JsonValue source, string head, string path, List<ContentPart> parts)
    {
        string mediaType = source["media_type"u8].TextOrNull ?? "application/octet-stream";
        byte[]? data = Base64Data.Decode(source["data"u8]);
        if (context.IsStrict && mediaType == "application/pdf" && PdfText.Fault(data) is { } fault)
            context.Problems.Add(path, fault);
        string? text = data is null ? null
            : mediaType == "application/pdf" ? PdfText.Extract(data, context.Limits.DocumentChars)
            : mediaType.StartsWith("text/", StringComparison.Ordinal) ? System.Text.Encoding.UTF8.GetString(data)
            : null;
        if (!string.IsNullOrWhiteSpace(text))
            AddText(head, text, parts);
        else
            parts.Add(
                new MediaPart(mediaType, $"{head}[document omitted: no text could be read from this {mediaType}]"));
    }

    private void ReadNested(JsonValue content, string head, string path, List<ContentPart> parts)
    {
        AddText(head, content.TextOrNull, parts);
        int index = 0;
        foreach (JsonValue item in content.Items)
        {
            if (item["type"u8].TextEquals("image"u8))
                Read(item, "image", $"{path}.{index}", parts);
            else
                AddText("", item["text"u8].TextOrNull, parts);
            index++;
        }
    }

    private static void ReadSearchResult(JsonValue block, List<ContentPart> parts)
    {
        string head = $"[search result] {block["title"u8].TextOrNull}\nSource: {block["source"u8].TextOrNull}";
        string text = "";
        foreach (JsonValue item in block["content"u8].Items)
            text += "\n" + item["text"u8].TextOrNull;
        parts.Add(new TextPart(head + text));
    }

    private static string Head(JsonValue block)
    {
        string head = "";
        if (block["title"u8].TextOrNull is { Length: > 0 } title)
            head += $"Document: {title}\n";
        if (block["context"u8].TextOrNull is { Length: > 0 } about)
            head += $"About: {about}\n";
        return head;
    }

    private static void AddText(string head, string? text, List<ContentPart> parts)
    {
        if (head.Length > 0 || !string.IsNullOrEmpty(text))
            parts.Add(new TextPart(head + text));
    }
}
