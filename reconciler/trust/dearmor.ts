const block = /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n([^]*?)-----END PGP PUBLIC KEY BLOCK-----/g

/** Public keys as gpgv reads them: armored blocks (RFC 9580 section 6.2) become binary, all else stays as it is. */
export function dearmor(bytes: Buffer): Buffer {
  const blocks = [...bytes.toString('latin1').matchAll(block)].map(([, body = '']) => decode(body))
  return blocks.length === 0 ? bytes : Buffer.concat(blocks)
}

/** Headers end at an empty line; a line that begins with = is the checksum. */
function decode(body: string): Buffer {
  const lines = body.split(/\r?\n/)
  const start = lines.findIndex((line) => line.trim() === '')
  const data = lines.slice(start + 1).filter((line) => !line.startsWith('='))
  return Buffer.from(data.join(''), 'base64')
}
