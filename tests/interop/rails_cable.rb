# SPDX-License-Identifier: BSL-1.0
# frozen_string_literal: true

# rails_cable.rb ADAPTER [REDIS_URL [PREFIX]]: serves Rails' Action Cable at /cable by Puma on a free port, with the adapter
# async or redis, and prints its address. POST /broadcast/STREAM publishes the body, which is JSON, and POST
# /disconnect/USER disconnects the connections of a user.

require "action_cable"
require "active_support/core_ext/hash/indifferent_access"
require "json"
require "logger"
require "puma"
require "puma/events"
require "rack"

module ApplicationCable
  class Connection < ActionCable::Connection::Base
    identified_by :current_user

    def connect
      self.current_user = request.params["user"]
      reject_unauthorized_connection if current_user.blank?
    end
  end

  class Channel < ActionCable::Channel::Base
  end
end

# Follows the stream that its parameter names.
class RoomChannel < ApplicationCable::Channel
  def subscribed
    stream_from params["stream"]
  end

  def speak(data)
    ActionCable.server.broadcast(params["stream"], data.except("action"))
  end

  def burst(data)
    message = data.except("action", "count")
    data["count"].times { ActionCable.server.broadcast(params["stream"], message) }
  end
end

adapter, redis_url, prefix = ARGV
ActionCable::Server::Base.config.then do |config|
  config.logger = Logger.new($stderr, level: Logger::FATAL)
  config.cable = { adapter: adapter, url: redis_url, channel_prefix: prefix }.compact.with_indifferent_access
  config.connection_class = -> { ApplicationCable::Connection }
  config.disable_request_forgery_protection = true
end

app = lambda do |env|
  request = Rack::Request.new(env)
  case [request.request_method, *request.path_info.split("/", 3).drop(1)]
  in [_, "cable"]
    ActionCable.server.call(env)
  in ["POST", "broadcast", stream]
    ActionCable.server.broadcast(stream, JSON.parse(request.body.read))
    [204, {}, []]
  in ["POST", "disconnect", user]
    ActionCable.server.remote_connections.where(current_user: user).disconnect
    [204, {}, []]
  in _
    [404, {}, []]
  end
end

server = Puma::Server.new(app, Puma::Events.new($stderr, $stderr), min_threads: 4, max_threads: 4)
port = server.add_tcp_listener("127.0.0.1", 0).addr[1]
server.run
puts "listening on ws://127.0.0.1:#{port}/cable"
$stdout.flush
sleep
