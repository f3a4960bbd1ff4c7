/** What people may send as their picture. */
export type PictureType = 'image/png' | 'image/jpeg' | 'image/webp'

export type Made =
  /** A new JPEG, square, of the middle of what was sent: its pixels and nothing else that stood in the file. */
  | { readonly status: 'made'; readonly bytes: Uint8Array }
  /** `unreadable`: it is not what it begins like, or broken; `pixels`: more of them than are decoded. */
  | { readonly status: 'refused'; readonly reason: 'unreadable' | 'pixels' }

/** Never on the event loop, one after the other. Throws `Problem('busy', { retryAfter })` when too many wait. */
export type PictureMaker = (type: PictureType, bytes: Uint8Array) => Promise<Made>
