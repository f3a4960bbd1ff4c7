/** Kinds of files that may be asked for, by what they begin with: what their name or their sender calls them counts for nothing. */
const beginnings = {
  'image/png': (bytes) => bytes.subarray(0, 8).toString('hex') === '89504e470d0a1a0a',
  'image/jpeg': (bytes) => bytes.subarray(0, 3).toString('hex') === 'ffd8ff',
  'image/webp': (bytes) =>
    bytes.subarray(0, 4).toString('latin1') === 'RIFF' && bytes.subarray(8, 12).toString('latin1') === 'WEBP',
  'application/pdf': (bytes) => bytes.subarray(0, 5).toString('latin1') === '%PDF-',
} satisfies Record<string, (bytes: Buffer) => boolean>

export type FileType = keyof typeof beginnings

/** Which of the wanted types it begins like; undefined when none. What follows may still be anything. */
export function fileTypeOf(bytes: Buffer, wanted: readonly FileType[]): FileType | undefined {
  return wanted.find((type) => beginnings[type](bytes))
}
