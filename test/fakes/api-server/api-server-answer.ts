import type { ServerResponse } from 'node:http';

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

export const statusOf = (code: number, message: string, reason = reasons[code] ?? 'Unknown') => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  code,
});

export const sendJson = (response: ServerResponse, code: number, value: unknown): void => {
  if (response.destroyed || response.writableEnded) return;
  response.statusCode = code;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(value));
};

export const sendStatus = (response: ServerResponse, code: number, message: string, reason?: string): void =>
  sendJson(response, code, statusOf(code, message, reason));
