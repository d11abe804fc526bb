using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>`file` and `input_file` parts: a data URI whose text can be read, or a note.</summary>
internal static class OpenAiFiles
{
    public static ContentPart Read(JsonValue part, ReadContext context)
    {
        JsonValue file = part["file"u8].IsObject ? part["file"u8] : part;
        string name = file["filename"u8].TextOrNull ?? file["file_id"u8].TextOrNull ?? file["file_url"u8].TextOrNull
            ?? "file";
        byte[]? data = Base64Data.DecodeUri(file["file_data"u8], out string mediaType);
        string? text = data is null ? null
            : mediaType == "application/pdf" || data.AsSpan().StartsWith("%PDF-"u8)
                ? PdfText.Extract(data, context.Limits.DocumentChars)
            : mediaType.StartsWith("text/", StringComparison.Ordinal) ? System.Text.Encoding.UTF8.GetString(data)
            : null;
        return string.IsNullOrWhiteSpace(text)
            ? new MediaPart(mediaType, $"[file {name} omitted: no text could be read from it]")
            : new TextPart($"Document: {name}\n{text}");
    }
}
