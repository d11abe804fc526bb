using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace FastMlx.Api;

/// <summary>
/// Reads the body of POST /v1/messages/batches, up to 256 MB: in one pass and without a list of its tokens, since
/// only the envelope is looked at. Params are copied; nothing of the body is kept.
/// </summary>
public static class BatchReader
{
    private const int IdLengthMax = 64;

    public static bool TryRead(
        ReadOnlyMemory<byte> body,
        ReaderOptions options,
        [NotNullWhen(true)] out IReadOnlyList<BatchRequest>? requests,
        [NotNullWhen(false)] out ApiError? error)
    {
        requests = null;
        if (!Utf8.IsValid(body.Span))
        {
            error = ApiErrors.Invalid("The request body is not valid JSON: it is not UTF-8");
            return false;
        }
        byte[]? patched = LoneSurrogates.Replace(body.Span);
        try
        {
            var problems = new Problems();
            List<BatchRequest> read = Read(patched is null ? body.Span
                : patched.AsSpan(0, body.Length), options.Limits, problems);
            error = problems.Any ? problems.ToError() : null;
            requests = error is null ? read : null;
        }
        catch (JsonException e)
        {
            error = ApiErrors.Invalid($"The request body is not valid JSON: {e.Message}");
        }
        finally
        {
            if (patched is not null)
                ArrayPool<byte>.Shared.Return(patched);
        }
        return error is null;
    }

    private static List<BatchRequest> Read(ReadOnlySpan<byte> json, ReaderLimits limits, Problems problems)
    {
        if (json.StartsWith(Encoding.UTF8.Preamble))
            json = json[Encoding.UTF8.Preamble.Length..];
        List<BatchRequest>? requests = null;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = limits.JsonDepth });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            problems.Add("", "Input should be a valid dictionary or object to extract fields from");
            return [];
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isRequests = reader.ValueTextEquals("requests"u8);
            reader.Read();
            if (isRequests && reader.TokenType == JsonTokenType.StartArray)
                requests = ReadList(ref reader, json, limits, problems);
            else if (isRequests)
                problems.Add("requests", "Input should be a valid list");
            else
                reader.Skip();
            if (problems.Any)
                return [];
        }
        // Whatever stands behind the object must be nothing.
        reader.Read();
        if (requests is null)
            problems.Add("requests", "Field required");
        else if (requests.Count == 0)
            problems.Add("requests", "at least one request is required");
        return requests ?? [];
    }

    private static List<BatchRequest> ReadList(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReaderLimits limits, Problems problems)
    {
        var requests = new List<BatchRequest>();
        var ids = new HashSet<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            string path = $"requests.{requests.Count}";
            if (requests.Count == limits.BatchRequests)
                problems.Add("requests", $"List should have at most {limits.BatchRequests} items");
            else if (reader.TokenType != JsonTokenType.StartObject)
                problems.Add(path, "Input should be a valid dictionary");
            else if (ReadOne(ref reader, json, path, problems) is { } request)
            {
                requests.Add(request);
                if (!ids.Add(request.CustomId))
                    problems.Add("requests", $"custom_id must be unique within a batch: {request.CustomId}");
            }
            if (problems.Any)
                break;
        }
        return requests;
    }

    private static BatchRequest? ReadOne(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string path,
        Problems problems)
    {
        string? id = null;
        byte[]? parameters = null;
        bool hasId = false, hasParams = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isId = reader.ValueTextEquals("custom_id"u8);
            bool isParams = reader.ValueTextEquals("params"u8);
            reader.Read();
            hasId |= isId;
            hasParams |= isParams;
            if (isId)
                id = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            int start = (int)reader.TokenStartIndex;
            bool isObject = reader.TokenType == JsonTokenType.StartObject;
            reader.Skip();
            if (isParams)
                parameters = isObject ? json[start..(int)reader.BytesConsumed].ToArray() : null;
        }
        if (!hasId || id is null)
            problems.Add(path + ".custom_id", hasId ? "Input should be a valid string" : "Field required");
        else if (!IsId(id))
            problems.Add(path + ".custom_id", "String should match pattern '^[a-zA-Z0-9_-]{1,64}$'");
        if (parameters is null)
            problems.Add(path + ".params", hasParams ? "Input should be a valid dictionary" : "Field required");
        return id is null || parameters is null ? null : new BatchRequest(id, parameters);
    }

    private static bool IsId(string id) =>
        id.Length is > 0 and <= IdLengthMax && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
}
