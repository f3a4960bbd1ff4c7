import { describe, expect, it } from 'vitest'
import { createPictureMaker } from '../../src/pictures/index.ts'
import { sizeOf } from '../../src/pictures/size.ts'
import { middleSquare } from '../../src/pictures/square.ts'
import type { PictureType } from '../../src/ports/picture-maker.ts'
import { blue, clear, exif, green, isNear, jpeg, look, png, red, webp } from '../support/pictures.ts'

const make = createPictureMaker()

async function made(type: PictureType, bytes: Buffer) {
  const result = await make(type, bytes)
  if (result.status !== 'made') throw new Error(result.reason)
  return { bytes: Buffer.from(result.bytes), ...(await look(result.bytes)) }
}

describe('a picture that somebody sends', () => {
  it('becomes a JPEG of its middle, square and at most 512 pixels wide, whichever of three types it had', async () => {
    const wide = (x: number) => (x < 300 ? red : x < 900 ? green : blue)
    const sent = [
      ['image/png', png(1_200, 600, wide)],
      ['image/jpeg', await jpeg(1_200, 600, wide)],
      ['image/webp', await webp(1_200, 600, wide)],
    ] as const
    for (const [type, bytes] of sent) {
      const { width, height, at } = await made(type, bytes)
      expect([type, width, height]).toEqual([type, 512, 512])
      for (const place of [0.02, 0.5, 0.98])
        expect([type, isNear(at(place, 0.5), green)]).toEqual([type, true])
    }
  })

  it('is not made larger than it is, and stands on white where it can be seen through', async () => {
    const { width, height, at } = await made(
      'image/png',
      png(90, 100, (_, y) => (y < 50 ? clear : blue)),
    )
    expect([width, height]).toEqual([90, 90])
    expect(isNear(at(0.5, 0.2), [255, 255, 255, 255])).toBe(true)
    expect(isNear(at(0.5, 0.8), blue)).toBe(true)
  })

  it('keeps nothing but its pixels: no place, no camera, no comment, nothing behind its end', async () => {
    const secret = 'N 48.137154 E 11.576124'
    const photo = await jpeg(200, 200, () => red, exif(1, secret))
    const drawing = png(200, 200, () => red, { text: secret })
    expect(photo.includes(secret) && drawing.includes(secret)).toBe(true)
    for (const [type, bytes] of [
      ['image/jpeg', photo],
      ['image/png', drawing],
    ] as const) {
      const { bytes: kept } = await made(
        type,
        Buffer.concat([bytes, Buffer.from(`<script>${secret}</script>`)]),
      )
      expect(kept.includes(secret)).toBe(false)
      expect(kept.includes('Exif')).toBe(false)
    }
  })

  it('stands upright, however the camera was held', async () => {
    const upperHalf = (_: number, y: number) => (y < 100 ? red : blue)
    // 6: the top of what was seen is at the right of what is stored … so it is turned by a quarter.
    const { at } = await made('image/jpeg', await jpeg(200, 200, upperHalf, exif(6, '')))
    expect([isNear(at(0.9, 0.5), red), isNear(at(0.1, 0.5), blue)]).toEqual([true, true])
  })

  it('S41: is refused before anything is decoded when it has too many pixels, whatever its size in bytes', async () => {
    const bomb = png(10, 10, () => red, { claims: [60_000, 60_000] })
    expect(bomb.length).toBeLessThan(200)
    expect(await make('image/png', bomb)).toEqual({ status: 'refused', reason: 'pixels' })
    const photo = await jpeg(64, 64, () => red)
    const frame = photo.findIndex(
      (byte, at) =>
        byte === 0xff && photo[at + 1] !== undefined && [0xc0, 0xc1, 0xc2].includes(photo[at + 1] ?? 0),
    )
    photo.writeUInt16BE(65_000, frame + 5)
    photo.writeUInt16BE(65_000, frame + 7)
    expect(await make('image/jpeg', photo)).toEqual({ status: 'refused', reason: 'pixels' })
  })

  it('S41: is refused when it is decoded over and over: a scan of fourteen bytes costs as much as the whole picture', async () => {
    const bytes = await jpeg(64, 64, () => red)
    const scan = bytes.subarray(bytes.lastIndexOf(Buffer.from('ffda', 'hex')), -2)
    const often = (times: number) =>
      Buffer.concat([bytes.subarray(0, -2), ...Array.from({ length: times }, () => scan), bytes.subarray(-2)])
    expect(await make('image/jpeg', often(30))).toMatchObject({ status: 'made' })
    expect(await make('image/jpeg', often(100))).toEqual({ status: 'refused', reason: 'unreadable' })
  })

  it('S41: is refused when it is not what it begins like', async () => {
    const liars = [
      [
        'image/png',
        Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from('<svg onload=alert(1)>')]),
      ],
      ['image/png', png(50, 50, () => red, { claims: [4_000, 4_000] })],
      ['image/png', png(50, 50, () => red).subarray(0, 60)],
      ['image/jpeg', Buffer.from('ffd8ffe000104a46494600', 'hex')],
      ['image/jpeg', Buffer.alloc(5_000, 0xff)],
      ['image/webp', Buffer.concat([Buffer.from('RIFF0000WEBPVP8X'), Buffer.alloc(30)])],
      ['image/webp', png(50, 50, () => red)],
    ] as const
    for (const [type, bytes] of liars)
      expect([type, bytes.length, await make(type, Buffer.from(bytes))]).toEqual([
        type,
        bytes.length,
        { status: 'refused', reason: 'unreadable' },
      ])
  })

  it('is given up when it takes too long, and the next one has its turn', async () => {
    const hasty = createPictureMaker({ patience: 1 })
    const bytes = png(2_000, 2_000, (x, y) => [x & 255, y & 255, (x * y) & 255, 255])
    expect(await hasty('image/png', bytes)).toEqual({ status: 'refused', reason: 'unreadable' })
    expect(
      (
        await make(
          'image/png',
          png(20, 20, () => red),
        )
      ).status,
    ).toBe('made')
  })

  it('waits for those before it, and is turned away when too many wait', async () => {
    const narrow = createPictureMaker({ mostWaiting: 1 })
    const bytes = png(20, 20, () => red)
    const two = [narrow('image/png', bytes), narrow('image/png', bytes)]
    await expect(narrow('image/png', bytes)).rejects.toMatchObject({ code: 'busy' })
    expect((await Promise.all(two)).map(({ status }) => status)).toEqual(['made', 'made'])
    expect((await narrow('image/png', bytes)).status).toBe('made')
  })
})

describe('the size of a picture', () => {
  it('is read from its head', async () => {
    expect(
      sizeOf(
        'image/png',
        png(7, 9, () => red),
      ),
    ).toEqual({ width: 7, height: 9 })
    expect(sizeOf('image/jpeg', await jpeg(17, 9, () => red, exif(1, 'x'.repeat(300))))).toEqual({
      width: 17,
      height: 9,
    })
    expect(sizeOf('image/webp', await webp(70, 9, () => red))).toEqual({ width: 70, height: 9 })
    expect(sizeOf('image/jpeg', Buffer.from('ffd8ffd9', 'hex'))).toBeUndefined()
  })
})

it('each pixel of the square is the mean of those that it replaces', () => {
  const striped = new Uint8ClampedArray(
    Array.from({ length: 16 }, (_, at) => (at % 2 === 0 ? [0, 0, 0, 255] : [200, 200, 200, 255])).flat(),
  )
  const { data, width } = middleSquare({ data: striped, width: 4, height: 4 }, 2)
  expect(width).toBe(2)
  expect([...data.subarray(0, 4)]).toEqual([100, 100, 100, 255])
})
