namespace Mhc.Training;

/// <summary>What is tokenized by itself: a document, or a part of a long one.</summary>
/// <param name="Text">Not empty.</param>
/// <param name="BytesRead">Bytes of the file up to here, as far as the format lets it tell.</param>
internal readonly record struct TextPiece(string Text, bool StartsDocument, bool EndsDocument, long BytesRead);
