import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Duplex, PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { machineSpec, startHub, startTestAgent, until, type Hub, type TestAgent } from './lab.ts'

const key = 'VirtualMachine/default/web'
let hub: Hub
let agent: TestAgent | undefined

beforeEach(async () => {
  hub = await startHub()
})
afterEach(async () => {
  await agent?.close()
  await hub.close()
})

async function start(openStream: () => Duplex, running = true): Promise<TestAgent> {
  const endpoint = await hub.endpoint('h1')
  agent = await startTestAgent({ hub, endpoint: async () => endpoint, openStream })
  await agent.drivers.machines.define(machineSpec('web'), { secrets: {}, configMaps: {} })
  if (running) await agent.drivers.machines.start(key)
  await until('the machine is seen', () => hub.observed.view.get(key).length === 1)
  return agent
}

describe('a stream through the session', () => {
  it('echoes 10 MB unchanged', async () => {
    await start(() => new PassThrough())
    const stream = await hub.dispatcher.openStream(key, 'console')
    const sent = randomBytes(10 * 1024 * 1024)
    stream.end(sent)
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
    }
    assert.equal(bytes, sent.length)
    assert.equal(hash.digest('hex'), createHash('sha256').update(sent).digest('hex'))
  })

  it('holds the sender back while nobody reads, and plans and observations still flow', async () => {
    let produced = 0
    const flood = (): Duplex =>
      new Duplex({
        read() {
          produced += 65_536
          this.push(Buffer.alloc(65_536))
        },
        write: (_chunk, _encoding, callback) => callback(),
      })
    const { drivers } = await start(flood)
    const stream = await hub.dispatcher.openStream(key, 'vnc')
    await until('the window is full', () => produced >= 256 * 1024)
    await drivers.machines.define(machineSpec('other'), { secrets: {}, configMaps: {} })
    await until('an observation comes through', () => hub.observed.view.get('VirtualMachine/default/other').length === 1)
    assert.ok(produced < 2 * 1024 * 1024, `${produced} bytes were read ahead`)
    stream.destroy()
  })

  it('closes one half and still gets the rest of the other', async () => {
    await start(() => {
      const host = new PassThrough()
      host.once('finish', () => undefined)
      return Duplex.from(async function* (source: AsyncIterable<Buffer>) {
        let said = ''
        for await (const chunk of source) said += chunk.toString()
        yield `heard: ${said}`
      })
    })
    const stream = await hub.dispatcher.openStream(key, 'console')
    stream.end('hello')
    assert.equal(await text(stream), 'heard: hello')
  })

  it('fails to open with the host’s own code', async () => {
    await start(() => new PassThrough(), false)
    await assert.rejects(hub.dispatcher.openStream(key, 'console'), { code: 'NotRunning' })
    await assert.rejects(hub.dispatcher.openStream('VirtualMachine/default/none', 'console'), { code: 'NotFound' })
  })

  it('ends the host’s end when the reader goes away', async () => {
    const host = new PassThrough()
    await start(() => host)
    const stream = await hub.dispatcher.openStream(key, 'console')
    stream.destroy()
    await until('the host end is closed', () => host.destroyed)
  })

  it('fails when the session ends', async () => {
    await start(() => new PassThrough())
    const stream = await hub.dispatcher.openStream(key, 'console')
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve))
    hub.sessions.get('h1')?.close(4999, 'the test cuts the line')
    assert.equal(((await failed) as Error & { code: string }).code, 'LinkClosed')
  })

  it('carries many at once', async () => {
    await start(() => new PassThrough())
    const echoes = Array.from({ length: 8 }, async (_, index) => {
      const stream = await hub.dispatcher.openStream(key, 'console')
      const sent = String(index).repeat(300_000)
      stream.end(sent)
      return (await text(stream)) === sent
    })
    assert.ok((await Promise.all(echoes)).every(Boolean))
  })
})

describe('a command through the session', () => {
  it('is carried out, and the observation is there with the answer', async () => {
    await start(() => new PassThrough())
    await hub.dispatcher.command({ verb: 'stop', key })
    assert.partialDeepStrictEqual(hub.observed.view.get(key)[0]?.object, { state: 'off' })
    assert.deepEqual(await hub.dispatcher.command({ verb: 'guestosinfo', key }), { hostname: 'web' })
  })

  it('fails with the host’s own code, and where no host has the object', async () => {
    await start(() => new PassThrough())
    await assert.rejects(hub.dispatcher.command({ verb: 'reset', key }), { code: 'Conflict' })
    await assert.rejects(hub.dispatcher.command({ verb: 'start', key: 'VirtualMachine/default/none' }), { code: 'NotFound' })
  })

  it('fails at once where the host is away', async () => {
    await start(() => new PassThrough())
    await agent?.close()
    await until('the node is away', () => hub.observed.view.node('h1')?.connected === false)
    await assert.rejects(hub.dispatcher.command({ verb: 'stop', key }), { code: 'NodeNotReady' })
    agent = undefined
  })
})
