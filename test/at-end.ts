import type { TestContext } from 'node:test'

const stacks = new WeakMap<TestContext, AsyncDisposableStack>()

/**
 * Registers what is to be closed after a test. The last opened is closed first, so that a server ends before the folder that it writes
 * to goes; the hooks of `t.after` alone run in the order of their registration.
 */
export function atEnd(t: TestContext, close: () => unknown): void {
  const stack = stacks.get(t) ?? openStack(t)
  stack.defer(async () => void (await close()))
}

function openStack(t: TestContext): AsyncDisposableStack {
  const stack = new AsyncDisposableStack()
  stacks.set(t, stack)
  t.after(async () => await stack.disposeAsync())
  return stack
}
